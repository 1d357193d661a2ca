const STYLE = `
:root { color-scheme: light dark; --line: #8884; --mark: light-dark(#fff3b0, #574b00); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: break-word; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem .4rem; border-bottom: 1px solid var(--line); }
td:first-child { white-space: nowrap; }
pre { overflow-x: auto; padding: .5rem; border: 1px solid var(--line); }
tr { scroll-margin-top: 30vh; }
tr:target { background: var(--mark); }
a { color: inherit; text-decoration-color: #8888; }
a:hover { text-decoration-color: currentcolor; }
@media (max-width: 50rem) {
  thead { display: none; }
  tbody, tr, td { display: block; }
  tr { padding: .5rem 0; border-bottom: 1px solid var(--line); }
  td { padding: .1rem 0; border: 0; }
  td:first-child { white-space: normal; font-weight: bold; }
  td:empty { display: none; }
  td:not(:first-child)::before { content: attr(data-label) ": "; opacity: .75; }
}
`;

/**
 * The HTML page that the `type` of every problem points to, with an anchor for each code.
 * @param markdown the text of docs/errors.md: headings, paragraphs, code blocks and tables
 * @param basePath the path of the issuer, with which links begin
 */
export function errorsPage(markdown: string, basePath: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Latchkey: errors</title>
<link rel="icon" type="image/png" href="${basePath}/docs/favicon-32x32.png">
<style>${STYLE}</style>
</head>
<body>
<p>Back to the <a href="${basePath}/docs">API documentation</a>.</p>
${markdown
  .replaceAll('"/docs/errors#', `"${basePath}/docs/errors#`)
  .trim()
  .split(/\n{2,}/)
  .map(block)
  .join('\n')}
</body>
</html>
`;
}

function block(text: string): string {
  const [, marks, title = ''] = /^(#{1,3}) (.*)$/.exec(text) ?? [];
  if (marks !== undefined) return `<h${marks.length} id="${slug(title)}">${inline(title)}</h${marks.length}>`;
  if (text.startsWith('```')) return `<pre>${escaped(text.split('\n').slice(1, -1).join('\n'))}</pre>`;
  return text.startsWith('|') ? table(text) : `<p>${inline(text)}</p>`;
}

/** A table whose first column holds codes. Its anchors are the codes, or `field_` and the code of a refused field. */
function table(text: string): string {
  const [labels = [], , ...rows] = text.split('\n').map(cellsOf);
  const heads = labels.map((label) => `<th>${inline(label)}</th>`).join('');
  // The table of OAuth answers repeats codes of the first one.
  const prefix = { code: labels.includes('status') ? '' : 'field_' }[labels[0] ?? ''];
  const body = rows.map((cells) => row(cells, labels, prefix)).join('\n');
  return `<table>\n<thead><tr>${heads}</tr></thead>\n<tbody>\n${body}\n</tbody></table>`;
}

function row([first = '', ...others]: readonly string[], labels: readonly string[], prefix?: string): string {
  const code = first.replaceAll('`', '');
  const anchor = prefix === undefined ? code : prefix + code;
  const id = prefix === undefined ? '' : ` id="${anchor}"`;
  const cells = others.map(
    (cell, at) => `<td data-label="${escaped(labels[at + 1] ?? '')}">${inline(cell)}</td>`,
  );
  return `<tr${id}><td><a href="#${anchor}"><code>${code}</code></a></td>${cells.join('')}</tr>`;
}

function cellsOf(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/** Code between backticks, and links. */
function inline(text: string): string {
  return escaped(text)
    .replace(/`([^`]+)`/g, '<code>$1</code>')
    .replace(/\[([^\]]+)\]\((#[^)]*)\)/g, '<a href="$2">$1</a>')
    .replace(/\[([^\]]+)\]\([^)]*\)/g, '$1');
}

function slug(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
