/** The median of a list of figures. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle) - 1] ?? 0)) / 2;
}

/**
 * The probability that a figure of the second list is larger than one of the first. At 0.5 no threshold distinguishes
 * the lists; at 0 or 1 a threshold distinguishes them perfectly.
 */
export function areaUnderCurve(first: readonly number[], second: readonly number[]): number {
  const all = [
    ...first.map((value) => ({ value, second: false })),
    ...second.map((value) => ({ value, second: true })),
  ];
  all.sort((a, b) => a.value - b.value);
  let rankSum = 0;
  for (const [index, { second: isSecond }] of all.entries()) if (isSecond) rankSum += index + 1;
  return (rankSum - (second.length * (second.length + 1)) / 2) / (first.length * second.length);
}

/** Prints a table for people and one line of JSON for programs. */
export function report(title: string, figures: Readonly<Record<string, number | string>>): void {
  const rows = Object.entries(figures).map(([name, value]) => {
    const text = typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(4) : String(value);
    return `  ${name.padEnd(40)}${text}`;
  });
  process.stdout.write(`\n${title}\n${rows.join('\n')}\n${JSON.stringify({ title, ...figures })}\n`);
}
