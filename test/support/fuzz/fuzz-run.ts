import fc from 'fast-check';
import { faultsOf } from '../http/answers.js';
import { Actors } from './fuzz-actors.js';
import { filled, fuzzedRequest, operationsOf, type Document, type FuzzedRequest } from './fuzz.js';
import { rawRequest, type RawAnswer } from '../http/raw-http.js';
import type { TestServer } from '../service/server.js';

export interface FuzzOptions {
  readonly seed: number;
  /** How many requests are sent. */
  readonly runs: number;
}

/** What a run met; a fault ends it with an error instead. */
export interface FuzzReport {
  /** Operations of the document that never got as far as doing something, or saying that its state forbids it. */
  readonly neverReached: readonly string[];
  /** How often each status was answered. */
  readonly statuses: ReadonlyMap<number, number>;
  /** No line of the log may hold one of these. */
  readonly secrets: readonly string[];
}

/**
 * Sends requests made from every operation of the served OpenAPI document, and checks each answer against the contract.
 * @throws Error with the seed, and the request narrowed down, where an answer breaks it
 */
export async function fuzz(server: TestServer, { seed, runs }: FuzzOptions): Promise<FuzzReport> {
  const { body: document } = await server.client.get<Document>('/docs-json');
  const operations = operationsOf(document);
  const actors = await Actors.of(server);
  const statuses = new Map<number, number>();
  const reached = new Set<string>();
  const filters = new Set(operations.flatMap(({ query }) => query));
  const send = async (request: FuzzedRequest): Promise<void> => {
    const raw = filled(request, actors.gaps());
    const answer = await rawRequest(server.url, raw);
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    const faults = [
      ...faultsOf(answer, raw),
      ...leaksIn(answer, actors.secrets(), searched(raw.path, filters)),
    ];
    if (faults.length > 0) throw new Error(`${raw.method} ${raw.path}: ${faults.join('; ')}\n${answer.text}`);
    const done = answer.status < 300 && raw.method !== 'OPTIONS';
    // What comes next is to be looked at, and not refused for what came before.
    if (answer.status === 429) await server.database.query('DELETE FROM rate_limits');
    if (request.operation.startsWith(`${raw.method} `) && (done || answer.status === 409)) {
      reached.add(request.operation);
    }
    if (done && raw.method !== 'GET' && raw.method !== 'HEAD') await actors.revive();
  };
  await fc.assert(fc.asyncProperty(fuzzedRequest(operations), send), { seed, numRuns: runs });
  const all = operations.map(({ method, path }) => `${method} ${path}`);
  const neverReached = all.filter((operation) => !reached.has(operation));
  // Those of clients that a request made are in its answer, and in no line of the log.
  return { neverReached, statuses, secrets: [...actors.secrets(), 'latchkey_secret_'] };
}

/** What a request asks a list for, in the parameters that the document has: no place for a credential. */
function searched(path: string, filters: ReadonlySet<string>): string[] {
  const query = new URLSearchParams(path.split('?')[1] ?? '');
  return [...query].flatMap(([name, value]) => (filters.has(name) && value !== '' ? [value] : []));
}

/** @param own words that the links to other pages of a list repeat (RFC 8288) */
function leaksIn(
  { headers: { link, ...headers }, text }: RawAnswer,
  secrets: readonly string[],
  own: readonly string[],
): string[] {
  const links = own.reduce((rest, words) => rest.replaceAll(encodeURIComponent(words), ''), String(link));
  const whole = JSON.stringify(headers) + links + text;
  return secrets.some((secret) => whole.includes(secret)) ? ['a secret in the answer'] : [];
}
