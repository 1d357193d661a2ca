import { Deadline } from './deadline.js';

const WITHIN_MS = 5000;

export interface BoundedAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/**
 * Sends a request and reads the whole answer, within five seconds and up to `maxBytes`. Follows no redirect.
 * @throws Error where that fails; the message names the URL and the cause, and no credentials
 */
export async function boundedFetch(
  url: string,
  init: RequestInit,
  limits: { readonly maxBytes: number; readonly signal?: AbortSignal },
): Promise<BoundedAnswer> {
  const deadline = new Deadline(WITHIN_MS, `${url} did not answer in time`, limits.signal);
  try {
    // A redirect would send the credentials to another address.
    const answer = fetch(url, { ...init, signal: deadline.signal, redirect: 'error' });
    return await deadline.race(answer.then((whole) => read(whole, limits.maxBytes)));
  } catch (error) {
    throw failedFetch(url, error);
  } finally {
    deadline.end();
  }
}

/** An error of fetch with the URL and the system's code: Node's own says "fetch failed" and hides the code in `cause`. */
export function failedFetch(url: string, error: unknown): unknown {
  const { cause } = (error ?? {}) as { cause?: { code?: unknown; message?: unknown } };
  if (!(error instanceof TypeError) || cause === undefined) return error;
  const reason = typeof cause.code === 'string' ? cause.code : String(cause.message);
  return new Error(`${url} cannot be reached (${reason})`, { cause: error });
}

async function read(answer: Response, maxBytes: number): Promise<BoundedAnswer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new Error(`${answer.url} answered more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return { status: answer.status, headers: answer.headers, text: Buffer.concat(chunks).toString() };
}

/** Between half and all of a time, at random, so that clients that lost their connection together spread their retries. */
export function jittered(milliseconds: number): number {
  return milliseconds * (0.5 + Math.random() / 2);
}
