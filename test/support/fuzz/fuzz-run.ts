import fc from 'fast-check';
import { faultsOf } from '../http/answers.js';
import { Actors } from './fuzz-actors.js';
import { filled, fuzzedRequest, operationsOf, type Document, type FuzzedRequest } from './fuzz.js';
import { rawRequest, type RawAnswer } from '../http/raw-http.js';
import type { TestServer } from '../service/server.js';

export interface FuzzOptions {
  readonly seed: number;
  /** Number of requests. */
  readonly runs: number;
}

/** The result of a run without faults; a fault ends the run with an error. */
export interface FuzzReport {
  /** Operations of the document that neither succeeded nor were refused because of the state of their object. */
  readonly neverReached: readonly string[];
  /** Number of answers by status. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Secrets that may not appear in the log. */
  readonly secrets: readonly string[];
}

/**
 * Sends requests generated from every operation of the served OpenAPI document, and checks each answer against the
 * contract.
 * @throws Error with the seed and the smallest failing request, if an answer breaks the contract
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
    // Limits are reset, so that earlier requests do not cause refusals.
    if (answer.status === 429) await server.database.query('DELETE FROM rate_limits');
    if (request.operation.startsWith(`${raw.method} `) && (done || answer.status === 409)) {
      reached.add(request.operation);
    }
    if (done && raw.method !== 'GET' && raw.method !== 'HEAD') await actors.revive();
  };
  await fc.assert(fc.asyncProperty(fuzzedRequest(operations), send), { seed, numRuns: runs });
  const all = operations.map(({ method, path }) => `${method} ${path}`);
  const neverReached = all.filter((operation) => !reached.has(operation));
  // The secret of a client that a request created is in its answer, but may not be in the log.
  return { neverReached, statuses, secrets: [...actors.secrets(), 'latchkey_secret_'] };
}

/** The values of the documented query parameters of a list, which never hold a credential. */
function searched(path: string, filters: ReadonlySet<string>): string[] {
  const query = new URLSearchParams(path.split('?')[1] ?? '');
  return [...query].flatMap(([name, value]) => (filters.has(name) && value !== '' ? [value] : []));
}

/** @param own values of the request that the links to other pages of a list repeat (RFC 8288) */
function leaksIn(
  { headers: { link, ...headers }, text }: RawAnswer,
  secrets: readonly string[],
  own: readonly string[],
): string[] {
  const links = own.reduce((rest, words) => rest.replaceAll(encodeURIComponent(words), ''), String(link));
  const whole = JSON.stringify(headers) + links + text;
  return secrets.some((secret) => whole.includes(secret)) ? ['a secret in the answer'] : [];
}
