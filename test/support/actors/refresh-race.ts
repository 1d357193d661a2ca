import type { KeepAliveClient } from '../http/keep-alive-client.js';

export interface Race {
  readonly rounds: number;
  /** How often the token is presented at the same moment. */
  readonly parallel: number;
}

export interface RaceReport {
  /** How many answers had which status. */
  readonly statuses: Readonly<Record<number, number>>;
  /** One, where parallel uses of a token have one outcome. */
  readonly mostSuccessors: number;
  /** The successor of the last round. */
  readonly token: string;
}

/**
 * Presents a refresh token over many connections at once, opened beforehand, and goes on with its successor; the
 * connections are dealt out to the clients in turn. Ends early where nobody gets a successor any more.
 */
export async function raceRefreshes(
  clients: readonly KeepAliveClient[],
  first: string,
  { rounds, parallel }: Race,
): Promise<RaceReport> {
  await Promise.all(clients.map((client) => client.warmUp()));
  const seats = Array.from({ length: parallel }, (_, seat) => clients[seat % clients.length]);
  const statuses: Record<number, number> = {};
  let mostSuccessors = 0;
  let token: string | undefined = first;
  for (let round = 0; round < rounds && token !== undefined; round++) {
    const shown: string = token;
    const answers = await Promise.all(seats.map((client) => (client as KeepAliveClient).refresh(shown)));
    for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1;
    const successors = new Set(answers.flatMap(({ body }) => body.refresh_token ?? []));
    mostSuccessors = Math.max(mostSuccessors, successors.size);
    token = [...successors].at(-1);
  }
  return { statuses, mostSuccessors, token: token ?? first };
}
