/** One sample of `/metrics`. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads `/metrics` as Prometheus does. @throws if the answer is not in the text format */
export async function scrape(url: string): Promise<Sample[]> {
  const response = await fetch(url);
  const type = response.headers.get('content-type') ?? '';
  if (response.status !== 200 || !type.startsWith('text/plain; version=0.0.4')) {
    throw new Error(`${url} answered ${response.status} ${type}`);
  }
  return parsed(await response.text());
}

function parsed(text: string): Sample[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const [, name = '', labels = '', value = ''] = /^([a-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? [];
    if (name === '') throw new Error(`no sample: ${line}`);
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text_]) => [
      label,
      text_,
    ]);
    return { name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) };
  });
}

/** The sum of the samples with a name and labels. */
export function total(samples: readonly Sample[], name: string, labels: Record<string, string> = {}): number {
  return samples
    .filter(matching({ name, matchers: exact(labels) }))
    .reduce((sum, { value }) => sum + value, 0);
}

/** One metric of a query: `name{label="value"}`. */
export interface Selector {
  readonly name: string;
  readonly matchers: ReadonlyArray<{ readonly label: string; readonly test: (value: string) => boolean }>;
}

function exact(labels: Record<string, string>): Selector['matchers'] {
  return Object.entries(labels).map(([label, value]) => ({ label, test: (other) => other === value }));
}

/** A predicate for the samples of a selector. The caller checks for labels that no sample has. */
export function matching({ name, matchers }: Selector): (sample: Sample) => boolean {
  return (sample) =>
    sample.name === name && matchers.every(({ label, test }) => test(sample.labels[label] ?? ''));
}

/** Labels that Prometheus adds itself, and the label of a histogram's buckets. */
const ADDED: ReadonlySet<string> = new Set(['job', 'instance']);

/** The metrics of a PromQL query and the labels of its groups. Supports only the syntax of docs/observability. */
export function parts(query: string): { selectors: Selector[]; grouped: string[] } {
  const plain = query.replaceAll(/\[[^\]]*\]/g, '');
  const grouped = [...plain.matchAll(/\b(?:by|on)\s*\(([^)]*)\)/g)].flatMap(([, names = '']) =>
    names.split(','),
  );
  const rest = plain.replaceAll(/\b(?:by|on)\s*\([^)]*\)/g, '');
  const selectors = [...rest.matchAll(/\b((?:latchkey|nodejs|process)_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, name = '', inner = '']) => ({
      name,
      matchers: [...inner.matchAll(/(\w+)(=~|!=|=)"([^"]*)"/g)]
        .filter(([, label = '']) => !ADDED.has(label))
        .map(([, label = '', operator, value = '']) => ({ label, test: comparison(operator, value) })),
    }),
  );
  return { selectors, grouped: grouped.map((label) => label.trim()).filter((label) => !ADDED.has(label)) };
}

function comparison(operator: string | undefined, value: string): (other: string) => boolean {
  if (operator === '=~') return (other) => new RegExp(`^(?:${value})$`).test(other);
  return operator === '=' ? (other) => other === value : (other) => other !== value;
}
