/** RFC 7518 section 3.2 requires at least 32 bytes for HS256. */
export const MINIMUM_SECRET_BYTES = 32;
const MINIMUM_ENTROPY_BITS = 80;

/** Keys published in tutorials, framework samples and debuggers. */
const PUBLISHED_KEYS: ReadonlySet<string> = new Set([
  '09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7',
  '8dd0c72c203f1c63bd67d2089b9f3dd069873ef78688cf840c71a2237ec01d1f',
  '3cfa76ef14937c1c0ea519f8fc057a80fcd04a7420f8e8bcd0a7567c272e007b',
  '413F4428472B4B6250655368566D5970337336763979244226452948404D6351',
  'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
  'U0hKQkNGR0hJSktMTU5PUFFSU1RVVldYWVo3ODkwQUJDREVGRw==',
]);

/** The output of a popular generator of sample keys; tutorials copy parts of it. */
const SAMPLE_GENERATOR =
  '404e635266556a586e3272357538782f413f4428472b4b6250645367566b5970337336763979244226452948404d6351';

/** Words that appear in placeholders and hand-typed phrases but hardly in a random key. */
const PLACEHOLDER =
  /secret|change[-_ ]?(me|this|it)|changeme|replace|placeholder|example|sample|default|password|insecure|development|your[-_ ]?(key|jwt|own|256)|qwerty|letmein|dont[-_ ]?use|not[-_ ]?for[-_ ]?prod|lorem|test[-_ ]?key/i;

/**
 * Why a text is unfit as a signing secret; undefined where it is fit. The reason never repeats the text. Refused are: fewer than 32 bytes, published sample keys, placeholders, repetition, sequences and low entropy.
 */
export function secretWeakness(secret: string): string | undefined {
  const bytes = Buffer.byteLength(secret, 'utf8');
  if (bytes < MINIMUM_SECRET_BYTES) {
    return `is ${bytes} bytes long; at least ${MINIMUM_SECRET_BYTES} bytes are needed`;
  }
  if (secret !== secret.trim()) return 'starts or ends with white space';
  if (isPublished(secret)) return 'is a published sample key';
  if ([secret, ...decoded(secret)].some((text) => PLACEHOLDER.test(text))) return 'looks like a placeholder';
  if (isRepetition(secret)) return 'repeats itself';
  if (isSequence(secret)) return 'is a sequence of neighbouring characters';
  if (entropyBits(secret) < MINIMUM_ENTROPY_BITS) {
    return `has too little entropy (under ${MINIMUM_ENTROPY_BITS} bits)`;
  }
  return undefined;
}

function isPublished(secret: string): boolean {
  return PUBLISHED_KEYS.has(secret) || SAMPLE_GENERATOR.includes(secret.toLowerCase());
}

/** The text decoded from base64 and from hexadecimal, because tutorials encode phrases that way. */
function decoded(secret: string): string[] {
  return [Buffer.from(secret, 'base64').toString('latin1'), Buffer.from(secret, 'hex').toString('latin1')];
}

/** Whether the text is one shorter block written twice or more (`aaaa`, `abcabc`): a rotation of itself. */
function isRepetition(text: string): boolean {
  return (text + text).indexOf(text, 1) < text.length;
}

function isSequence(text: string): boolean {
  let steps = 0;
  for (let i = 1; i < text.length; i++) {
    if (Math.abs(text.charCodeAt(i) - text.charCodeAt(i - 1)) <= 1) steps++;
  }
  return steps > text.length / 2;
}

/** Shannon's entropy of the whole text by the frequency of its characters, in bits. */
function entropyBits(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  const length = Array.from(text).length;
  let bits = 0;
  for (const count of counts.values()) bits -= count * Math.log2(count / length);
  return bits;
}
