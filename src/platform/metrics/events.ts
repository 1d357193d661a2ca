import { channel } from 'node:diagnostics_channel';
import { AppError } from '../kernel/app-error.js';
import type { ErrorCode } from '../kernel/error-codes.js';

/** How an attempt ended: its result where it succeeded, or the error code of the refusal. */
export type Outcome<Good extends string> = Good | ErrorCode | 'error';

/** A request whose connection or answer has ended. */
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

/** The events that rooms publish, by name. */
export interface Events {
  request: AnsweredRequest;
  login: Outcome<'granted'>;
  /** `unheard`: a token used twice, whose sender had left; its session goes on. */
  refresh: Outcome<'rotated' | 'replayed' | 'replaced' | 'unheard'>;
  /** Committed by this instance. */
  revoked: { readonly kind: string; readonly effect: 'dead' | 'stale'; readonly count: number };
  /** A revocation entered this instance's memory, `seconds` after it was made here or on another instance. */
  revocationArrived: { readonly from: 'here' | 'elsewhere'; readonly seconds: number };
}

const CHANNELS = {
  request: channel('latchkey:request'),
  login: channel('latchkey:login'),
  refresh: channel('latchkey:refresh'),
  revoked: channel('latchkey:revoked'),
  revocationArrived: channel('latchkey:revocation-arrived'),
} as const satisfies Record<keyof Events, unknown>;

/**
 * Calls the subscribers of the event, at once. The events are channels of `node:diagnostics_channel`: publishing costs
 * nothing while the event has no subscriber, and a room needs no import of the metrics.
 */
export function publish<Name extends keyof Events>(name: Name, event: Events[Name]): void {
  CHANNELS[name].publish(event);
}

/** Calls `listener` at each later event; an error of the listener ends the process. @returns a function that unsubscribes */
export function subscribe<Name extends keyof Events>(
  name: Name,
  listener: (event: Events[Name]) => void,
): () => void {
  const receive = (event: unknown): void => listener(event as Events[Name]);
  CHANNELS[name].subscribe(receive);
  return () => CHANNELS[name].unsubscribe(receive);
}

/** Does the work and returns its result; where it throws, publishes the refusal and throws the same error. */
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
