/** The prototype of each confusable character (UTS 39 section 4). */
type Prototypes = Readonly<Record<string, string>>;

let prototypes: Promise<Prototypes> | undefined;

/**
 * The skeleton of a user name (UTS 39 section 4): one for names that look alike, in any case. Of `paypal`, `paypaI`,
 * `paypa1` and the same in Cyrillic letters only one can be taken.
 */
export async function usernameSkeleton(name: string): Promise<string> {
  // Loaded on first use: 6,300 characters, which only registrations need.
  prototypes ??= import('unhomoglyph/data.json', { with: { type: 'json' } }).then(
    (file) => file.default as Prototypes,
  );
  const known = await prototypes;
  const normal = name.normalize('NFKC');
  // A name is shown as it was written: among small letters a capital I looks like an l.
  const shown = /\p{Ll}/u.test(normal) ? skeleton(known, normal) : normal;
  return skeleton(known, shown.toLowerCase());
}

function skeleton(known: Prototypes, text: string): string {
  const prototype = (character: string) => known[character] ?? character;
  return Array.from(text.normalize('NFD'), prototype).join('').normalize('NFD');
}
