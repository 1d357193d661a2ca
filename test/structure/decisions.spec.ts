import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = 'docs/decisions';
const RECORDS = readdirSync(FOLDER)
  .filter((name) => name !== 'README.md')
  .sort();
const INDEX = readFileSync(join(FOLDER, 'README.md'), 'utf8');

describe('the decision records', () => {
  it('are numbered without a gap', () => {
    const numbers = RECORDS.map((name) => Number(/^(\d{4})-[a-z0-9-]+\.md$/.exec(name)?.[1]));
    expect(numbers).toEqual(RECORDS.map((_, index) => index + 1));
  });

  it.each(RECORDS)('%s has the common form and a line in the index', (name) => {
    const text = readFileSync(join(FOLDER, name), 'utf8');
    const title = new RegExp(`^# ${name.slice(0, 4)} (.+)\\n`).exec(text)?.[1] ?? 'no title';
    expect(text).toMatch(/\n- Status: (?:accepted|superseded by \d{4})\n- Date: \d{4}-\d\d-\d\d\n/);
    const sections = [...text.matchAll(/^## (.+)$/gm)].map(([, section]) => section);
    expect(sections.slice(0, 4)).toEqual(['Context', 'Decision', 'Alternatives', 'Consequences']);
    expect(INDEX).toContain(`| [${name.slice(0, 4)}](${name}) | ${title} |`);
  });
});
