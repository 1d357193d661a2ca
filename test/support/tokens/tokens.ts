import { createHmac, randomUUID } from 'node:crypto';

/** The parts of a token, without any check: what a person sees at jwt.io. */
export function decode(token: string): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header = '', claims = ''] = token.split('.');
  return { header: fromPart(header), claims: fromPart(claims) };
}

/** Signs any header and claims with a secret, as an implementation that knows no rules would. */
export function mint(
  header: object | string,
  claims: object | string,
  secret: string,
  hash = 'sha256',
): string {
  const input = `${toPart(header)}.${toPart(claims)}`;
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
}

/** The same token with claims changed and a signature that is good. */
export function reminted(token: string, secret: string, claims: object, header: object = {}): string {
  const parts = decode(token);
  return mint({ ...parts.header, ...header }, { ...parts.claims, ...claims }, secret);
}

export function freshId(): string {
  return randomUUID();
}

function fromPart(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
}

function toPart(value: object | string): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}
