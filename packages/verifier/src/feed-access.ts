import { boundedFetch, type VerifierClock } from '@latchkey/token-rules';

/** Who follows revocations: a client of Latchkey that may use `revocations:read`, or any source of such a token. */
export type FeedAccess =
  | { readonly clientId: string; readonly clientSecret: string }
  | { readonly token: () => Promise<string> | string };

const MAX_BYTES = 64 * 1024;
/** A token is replaced so long before it expires, in milliseconds. */
const MARGIN_MS = 30_000;

/** The access token that follows revocations. */
export class FeedToken {
  private held: { readonly token: string; readonly until: number } | undefined;

  constructor(
    private readonly access: FeedAccess,
    private readonly tokenUrl: string,
    private readonly clock: VerifierClock,
  ) {}

  /** @throws Error where none can be had */
  async get(signal: AbortSignal): Promise<string> {
    if ('token' in this.access) return await this.access.token();
    if (this.held && this.clock.elapsed() < this.held.until) return this.held.token;
    const asked = this.clock.elapsed();
    const { token, lifetimeMs } = await this.ask(this.access, signal);
    this.held = { token, until: asked + Math.max(lifetimeMs - MARGIN_MS, 0) };
    return token;
  }

  /** After a refusal. */
  forget(): void {
    this.held = undefined;
  }

  /** RFC 6749 section 4.4, the client authenticated as section 2.3.1 says. */
  private async ask(
    { clientId, clientSecret }: { readonly clientId: string; readonly clientSecret: string },
    signal: AbortSignal,
  ): Promise<{ token: string; lifetimeMs: number }> {
    const pair = [clientId, clientSecret].map(formEncoded).join(':');
    const answer = await boundedFetch(
      this.tokenUrl,
      {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(pair).toString('base64')}`,
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: 'grant_type=client_credentials&scope=revocations%3Aread',
      },
      { maxBytes: MAX_BYTES, signal },
    );
    if (answer.status !== 200) throw new Error(`${this.tokenUrl} answered ${answer.status}`);
    const { access_token: token, expires_in: seconds } = JSON.parse(answer.text) as Record<string, unknown>;
    if (typeof token !== 'string' || typeof seconds !== 'number') {
      throw new Error(`${this.tokenUrl} answered no token`);
    }
    return { token, lifetimeMs: seconds * 1000 };
  }
}

/** RFC 6749 appendix B. */
function formEncoded(text: string): string {
  return new URLSearchParams({ x: text }).toString().slice(2);
}
