import { ERROR_CODES, FIELD_CODES } from '../kernel/error-codes.js';

/** The page that the `type` of every problem points to: one entry a code. */
export function errorsPage(): string {
  const codes = Object.entries(ERROR_CODES).map(
    ([code, { status, title, detail }]) =>
      `<tr id="${code}"><td><code>${code}</code></td><td>${status}</td><td>${title}</td><td>${detail}</td></tr>`,
  );
  const fields = Object.entries(FIELD_CODES).map(
    ([code, message]) => `<tr id="field_${code}"><td><code>${code}</code></td><td>${message}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Latchkey: errors</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #ddd; }
tr:target { background: #fff3b0; }
</style>
</head>
<body>
<h1>Errors</h1>
<p>Errors are <code>application/problem+json</code> (RFC 9457). Decide by <code>code</code>, which is stable.
<code>request_id</code> leads to the full cause in the log. Back to the <a href="/docs">API documentation</a>.</p>
<table><thead><tr><th>code</th><th>status</th><th>title</th><th>detail</th></tr></thead>
<tbody>${codes.join('\n')}</tbody></table>
<h2>Fields</h2>
<p>The <code>errors</code> of a <code>validation_failed</code> answer.</p>
<table><thead><tr><th>code</th><th>message</th></tr></thead><tbody>${fields.join('\n')}</tbody></table>
</body>
</html>
`;
}
