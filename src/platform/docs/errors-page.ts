import { ERROR_CODES, FIELD_CODES, type ErrorCodeEntry } from '../kernel/error-codes.js';

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --mark: light-dark(#fff3b0, #574b00); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem .4rem; border-bottom: 1px solid var(--line); }
td:first-child { white-space: nowrap; }
tr { scroll-margin-top: 30vh; }
tr:target { background: var(--mark); }
a { color: inherit; text-decoration-color: #8888; }
a:hover { text-decoration-color: currentcolor; }
`;

/** The HTML page that the `type` of every problem points to, with one entry for each code. */
export function errorsPage(): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Latchkey: errors</title>
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
<style>${STYLE}</style>
</head>
<body>
<h1>Errors</h1>
<p>Errors are <code>application/problem+json</code> (RFC 9457). Programs decide by <code>code</code>, which is stable; the
<code>detail</code> is for people and may be more exact than here. The log shows the full cause under the
<code>request_id</code>. Back to the <a href="/docs">API documentation</a>.</p>
<p>Paths below <code>/oauth/</code> answer in the form of RFC 6749 section 5.2, with the <code>error</code> of the last
column and, where it differs, its status.</p>
<div class="wide"><table>
<thead><tr><th>Code</th><th>Status</th><th>Title</th><th>Detail</th><th>In OAuth</th></tr></thead>
<tbody>
${Object.entries(ERROR_CODES)
  .map(([code, entry]) => errorRow(code, entry))
  .join('\n')}
</tbody></table></div>
<h2>Fields</h2>
<p>The <code>errors</code> of a <code>validation_failed</code> answer hold one entry for each refused field.</p>
<table>
<thead><tr><th>Code</th><th>Message</th></tr></thead>
<tbody>
${Object.entries(FIELD_CODES)
  .map(([code, message]) => row(`field_${code}`, code, [message]))
  .join('\n')}
</tbody></table>
</body>
</html>
`;
}

function errorRow(code: string, { status, title, detail, oauth }: ErrorCodeEntry): string {
  const oauthText = oauth && [oauth.error, oauth.status].filter(Boolean).join(', ');
  return row(code, code, [String(status), title, detail, oauthText ?? 'invalid_request']);
}

function row(anchor: string, code: string, cells: readonly string[]): string {
  const others = cells.map((cell) => `<td>${escaped(cell)}</td>`).join('');
  return `<tr id="${anchor}"><td><a href="#${anchor}"><code>${code}</code></a></td>${others}</tr>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
