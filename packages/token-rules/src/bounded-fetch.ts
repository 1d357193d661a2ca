import { Deadline } from './deadline.js';

const WITHIN_MS = 5000;

export interface BoundedAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/**
 * A request whose answer is read whole, within five seconds and up to a size.
 * @throws Error where it cannot be had; the text names no secret
 */
export async function boundedFetch(
  url: string,
  init: RequestInit,
  limits: { readonly maxBytes: number; readonly signal?: AbortSignal },
): Promise<BoundedAnswer> {
  const deadline = new Deadline(WITHIN_MS, `${url} did not answer in time`, limits.signal);
  try {
    // Credentials go where they were meant to go, and nowhere else.
    const answer = fetch(url, { ...init, signal: deadline.signal, redirect: 'error' });
    return await deadline.race(answer.then((whole) => read(whole, limits.maxBytes)));
  } catch (error) {
    throw withCause(url, error);
  } finally {
    deadline.end();
  }
}

/** Node's fetch says "fetch failed" and nothing else; the code of the system is in its cause. */
function withCause(url: string, error: unknown): unknown {
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

/** Milliseconds that differ at each call, so that many who were cut off together do not return together. */
export function jittered(milliseconds: number): number {
  return milliseconds * (0.5 + Math.random() / 2);
}
