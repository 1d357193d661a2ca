import type { KeepAliveClient } from '../http/keep-alive-client.js';

export interface Race {
  readonly rounds: number;
  /** How many requests present the token at once. */
  readonly parallel: number;
}

export interface RaceReport {
  /** The number of answers by status. */
  readonly statuses: Readonly<Record<number, number>>;
  /** The most different successors in a round; 1 where all parallel requests got the same one. */
  readonly mostSuccessors: number;
  /** The successor of the last round. */
  readonly token: string;
}

/**
 * Presents a refresh token over many open connections at once, round after round, each round with the successor of the
 * last. The clients take turns. Ends early after a round without a successor.
 */
export async function raceRefreshes(
  clients: readonly KeepAliveClient[],
  first: string,
  { rounds, parallel }: Race,
): Promise<RaceReport> {
  await Promise.all(clients.map((client) => client.warmUp()));
  const senders = Array.from({ length: parallel }, (_, index) => clients[index % clients.length]);
  const statuses: Record<number, number> = {};
  let mostSuccessors = 0;
  let token: string | undefined = first;
  for (let round = 0; round < rounds && token !== undefined; round++) {
    const presented: string = token;
    const answers = await Promise.all(
      senders.map((client) => (client as KeepAliveClient).refresh(presented)),
    );
    for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1;
    const successors = new Set(answers.flatMap(({ body }) => body.refresh_token ?? []));
    mostSuccessors = Math.max(mostSuccessors, successors.size);
    token = [...successors].at(-1);
  }
  return { statuses, mostSuccessors, token: token ?? first };
}
