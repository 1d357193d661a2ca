import { channel } from 'node:diagnostics_channel';
import { AppError } from '../kernel/app-error.js';
import type { ErrorCode } from '../kernel/error-codes.js';

/** How something ended that may be refused: what came of it, or the code of the refusal. */
export type Outcome<Good extends string> = Good | ErrorCode | 'error';

/** A request that is over. */
export interface AnsweredRequest {
  readonly method: string;
  /** The route's pattern, never the path. */
  readonly route: string;
  /** 499 where the client left before an answer began. */
  readonly status: number;
  readonly code: ErrorCode | undefined;
  readonly seconds: number;
  /** The client left before it had the whole answer. */
  readonly aborted: boolean;
}

/** What the rooms tell of what they have decided, by name. */
export interface Measures {
  request: AnsweredRequest;
  login: Outcome<'granted'>;
  /** `unheard`: a token used twice, whose sender had left; its session goes on. */
  refresh: Outcome<'rotated' | 'replayed' | 'replaced' | 'unheard'>;
  /** Committed by this instance. */
  revoked: { readonly kind: string; readonly effect: 'dead' | 'stale'; readonly count: number };
  /** A revocation of this instance or of another is in this instance's memory, so long after it was made. */
  revocationArrived: { readonly from: 'here' | 'elsewhere'; readonly seconds: number };
}

const CHANNELS = {
  request: channel('latchkey:request'),
  login: channel('latchkey:login'),
  refresh: channel('latchkey:refresh'),
  revoked: channel('latchkey:revoked'),
  revocationArrived: channel('latchkey:revocation-arrived'),
} as const satisfies Record<keyof Measures, unknown>;

/**
 * Tells whoever listens. The rooms know nobody who counts, and while nobody does it costs nothing: these are channels of
 * `node:diagnostics_channel`.
 */
export function publish<Name extends keyof Measures>(name: Name, what: Measures[Name]): void {
  CHANNELS[name].publish(what);
}

/** Hears what is told from now on, at once; an error of the listener ends the process. @returns what ends it */
export function subscribe<Name extends keyof Measures>(
  name: Name,
  listener: (what: Measures[Name]) => void,
): () => void {
  const heard = (what: unknown): void => listener(what as Measures[Name]);
  CHANNELS[name].subscribe(heard);
  return () => CHANNELS[name].unsubscribe(heard);
}

/** Does the work, and tells how it was refused where it is. */
export async function publishingRefusals<T>(name: 'login' | 'refresh', work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    publish(name, refusal(error));
    throw error;
  }
}

function refusal(error: unknown): ErrorCode | 'error' | 'unheard' {
  if (!(error instanceof AppError)) return 'error';
  return error.diagnosis?.['unheard'] === true ? 'unheard' : error.code;
}
