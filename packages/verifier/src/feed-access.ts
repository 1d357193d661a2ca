import { boundedFetch, type VerifierClock } from '@latchkey/token-rules';

/**
 * Credentials for the feed of revocations: a Latchkey client with the scope `revocations:read`, or a function that
 * returns an access token with that scope.
 */
export type FeedAccess =
  | { readonly clientId: string; readonly clientSecret: string }
  | { readonly token: () => Promise<string> | string };

const MAX_BYTES = 64 * 1024;
/** A token is replaced this long before it expires, in milliseconds. */
const MARGIN_MS = 30_000;

/** Obtains the access token for the feed of revocations, and keeps it until shortly before it expires. */
export class FeedToken {
  private held: { readonly token: string; readonly until: number } | undefined;

  constructor(
    private readonly access: FeedAccess,
    private readonly tokenUrl: string,
    private readonly clock: VerifierClock,
  ) {}

  /** @throws Error where Latchkey issues no token */
  async get(signal: AbortSignal): Promise<string> {
    if ('token' in this.access) return await this.access.token();
    if (this.held && this.clock.elapsed() < this.held.until) return this.held.token;
    const requestedAt = this.clock.elapsed();
    const { token, lifetimeMs } = await this.request(this.access, signal);
    this.held = { token, until: requestedAt + Math.max(lifetimeMs - MARGIN_MS, 0) };
    return token;
  }

  /** Drops the token, so that the next call requests another; to be called after a 401. */
  forget(): void {
    this.held = undefined;
  }

  /** The client credentials grant (RFC 6749 section 4.4) with HTTP Basic authentication (section 2.3.1). */
  private async request(
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
      throw new Error(`${this.tokenUrl} answered without a token`);
    }
    return { token, lifetimeMs: seconds * 1000 };
  }
}

/** Encodes for application/x-www-form-urlencoded (RFC 6749 appendix B). */
function formEncoded(text: string): string {
  return new URLSearchParams({ x: text }).toString().slice(2);
}
