import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { TokenPair } from '../support/http/client.js';
import { Crowd } from '../support/actors/crowd.js';
import { urlOf } from '../support/database/database.js';
import { DatabaseProxy, TERMINATED } from '../support/database/database-proxy.js';
import { Deployment } from '../support/service/deployment.js';
import { KeepAliveClient } from '../support/http/keep-alive-client.js';
import { eventually, killProcesses, type ServiceProcess } from '../support/service/process.js';
import { ServiceProxy } from '../support/http/service-proxy.js';
import { SessionHolder } from '../support/actors/session-holder.js';
import type { Moment } from '../support/http/tcp-proxy.js';
import { decode } from '../support/tokens/tokens.js';

const SEED = 20_260_214;
const MOMENTS: readonly Moment[] = ['received', 'sent', 'answered'];
const FELT_WITHIN_MS = 1000;
/** How long a connection that is open takes to carry a request to the other end of the machine. */
const SENT_WITHIN_MS = 20;
const ROUNDS = 40;
const CHAIN = 40;
const RACES = 8;
const TABS = 5;
const LIVES = 40;
const HOLDERS = 3;

/** How a refresh is recognized on the wire, in HTTP and in PostgreSQL, where it is one statement that commits itself. */
const REFRESH = 'POST /auth/refresh';
const ROTATION = 'UPDATE sessions';
/** The last message of a login to PostgreSQL (RFC 5802); the answer to it opens the connection. */
const LOGIN = 'c=biws,r=';

/** The service with a proxy on each side, so that tests can drop its answers and those of its database. */
class Instance {
  service!: ServiceProcess;
  /** Sends requests directly to the service. */
  direct!: KeepAliveClient;
  /** Sends requests through {@link wire}. */
  remote!: KeepAliveClient;
  wire!: ServiceProxy;
  up = false;

  constructor(readonly database: DatabaseProxy) {}

  async start(): Promise<void> {
    this.service = await deployment.start({ env: { DATABASE_URL: urlOf(this.database.target) } });
    this.wire = await ServiceProxy.before(this.service.url);
    this.direct = new KeepAliveClient(this.service.url, TABS);
    this.remote = new KeepAliveClient(this.wire.url, TABS);
    this.up = true;
  }

  async kill(): Promise<void> {
    this.service.signal('SIGKILL');
    await this.service.exited;
    await this.close();
  }

  async close(): Promise<void> {
    this.up = false;
    this.direct.close();
    this.remote.close();
    await this.wire.cut();
  }
}

let deployment: Deployment;
let one: Instance;
let other: Instance;

beforeAll(async () => {
  deployment = await Deployment.open();
  one = new Instance(await DatabaseProxy.before(deployment));
  other = new Instance(await DatabaseProxy.before(deployment));
  await Promise.all([one.start(), other.start()]);
});
afterAll(async () => {
  await Promise.all([one.close(), other.close()]);
  await killProcesses();
  await Promise.all([one.database.cut(), other.database.cut()]);
  await deployment.close();
});

function instance(index: number): Instance {
  return index % 2 ? other : one;
}

async function newHolder(): Promise<SessionHolder> {
  return new SessionHolder(await one.service.client.newcomer());
}

async function verdict(at: Instance, refreshToken: string): Promise<unknown[]> {
  const { status, body } = await at.direct.refresh(refreshToken);
  return [status, body['code']];
}

/** How the running instances answer an access token; one status when they agree. */
async function verified({ access_token: token }: TokenPair): Promise<number[]> {
  const statuses = [one, other].filter(({ up }) => up).map(({ direct }) => direct.verify(token));
  return [...new Set(await Promise.all(statuses))];
}

async function expectVerified(pair: TokenPair): Promise<void> {
  expect(await verified(pair)).toEqual([200]);
}

async function expectEnded(holder: SessionHolder): Promise<void> {
  expect(await verdict(other, holder.pair(0).refresh_token)).toEqual([401, 'session_revoked']);
  await eventually(FELT_WITHIN_MS, async () => (await verified(holder.pair(0))).join() === '401');
}

/** A repeated parent is still accepted, and any older token still counts as theft. */
async function expectTheftFound(holder: SessionHolder): Promise<void> {
  const again = await other.direct.refresh(holder.pair(1).refresh_token);
  expect([again.status, again.body.refresh_token]).toEqual([200, holder.pair(0).refresh_token]);
  const thief = await verdict(one.up ? one : other, holder.pair(2).refresh_token);
  expect(thief).toEqual([401, 'refresh_token_reused']);
  await expectEnded(holder);
}

/** Presents the newest token and cuts the connection when the exchange reaches `moment`. */
async function lose(holder: SessionHolder, at: Instance, moment: Moment, share = 0): Promise<Buffer> {
  const holding = at.wire.hold(moment, REFRESH);
  const presented = holder.present(at.remote);
  const held = await holding;
  held.cut(held.answer.subarray(0, held.answer.length * share));
  expect(await presented).toBe(false);
  return held.answer;
}

describe('an answer that is lost on its way to the client', () => {
  it('is repeated for the parent, however often and wherever it was lost', async () => {
    const loss = fc.record({
      at: fc.nat(1),
      moment: fc.constantFrom<Moment>('received', 'answered'),
      // The part of the answer that the client receives.
      share: fc.constantFrom(0, 0.1, 0.5, 0.99),
    });
    const round = fc.record({ losses: fc.array(loss, { minLength: 1, maxLength: 3 }), at: fc.nat(1) });
    const holder = await newHolder();
    for (const { losses, at } of fc.sample(round, { seed: SEED, numRuns: ROUNDS })) {
      for (const { at: lostAt, moment, share } of losses) {
        await lose(holder, instance(lostAt), moment, share);
      }
      expect(await holder.present(instance(at).remote)).toBe(true);
      await expectVerified(holder.pair(0));
    }
    expect(decode(holder.pair(0).refresh_token).claims['gen']).toBe(ROUNDS + 1);
    await expectTheftFound(holder);
  });

  it('is repeated unchanged when each answer of a session is lost once', async () => {
    const holder = await newHolder();
    for (let generation = 1; generation <= CHAIN; generation++) {
      const lost = await lose(holder, instance(generation), 'answered');
      expect(await holder.present(instance(generation >> 1).remote)).toBe(true);
      expect(lost.includes(`"refresh_token":"${holder.pair(0).refresh_token}"`)).toBe(true);
    }
    await expectVerified(holder.pair(0));
    await expectTheftFound(holder);
  });

  it('is given for the parent while the abandoned request is still running', async () => {
    const person = await one.service.client.register();
    for (let round = 0; round < RACES; round++) {
      // One session each, because a request overtaken by two rotations would count as theft.
      const holder = new SessionHolder(await one.service.client.login(person));
      await lose(holder, instance(round), 'sent');
      expect(await holder.present(instance(round >> 1).remote)).toBe(true);
      await expectVerified(holder.pair(0));
      expect(decode(holder.pair(0).refresh_token).claims['gen']).toBe(2);
    }
  });
});

describe('a request abandoned by its client while the instance was frozen', () => {
  it('does not end the session, which continued on another instance, and is not answered', async () => {
    const holder = await newHolder();
    const impatient = new KeepAliveClient(one.service.url, 1);
    await impatient.warmUp();
    one.service.signal('SIGSTOP');
    try {
      const given = impatient.refresh(holder.pair(0).refresh_token).catch(() => 'nothing');
      await delay(SENT_WITHIN_MS);
      impatient.close();
      expect(await given).toBe('nothing');
      for (let rotation = 0; rotation < 2; rotation++) expect(await holder.present(other.direct)).toBe(true);
    } finally {
      one.service.signal('SIGCONT');
    }
    const unheard = (): boolean => one.service.log.some((line) => line['unheard'] === true);
    await eventually(FELT_WITHIN_MS, async () => unheard());
    await expectVerified(holder.pair(0));
    await expectTheftFound(holder);
  });
});

describe('an answer of the database that is lost on its way to the service', () => {
  it.each(MOMENTS)('is a 503, and the parent gets a pair afterwards: %s', async (moment) => {
    const holder = await newHolder();
    for (let round = 0; round < 8; round++) {
      const holding = one.database.hold(moment, ROTATION);
      const presented = holder.present(one.direct);
      (await holding).cut();
      expect(await presented).toBe(false);
      expect(holder.presentations.at(-1)).toMatchObject({ status: 503 });
      expect(await holder.present(instance(round).direct)).toBe(true);
      await expectVerified(holder.pair(0));
    }
    expect(decode(holder.pair(0).refresh_token).claims['gen']).toBe(9);
    await expectTheftFound(holder);
  });

  it('does not end the service when the connection breaks while it is opened', async () => {
    const holder = await newHolder();
    // With an empty pool the next statement opens a connection: mostly this one, sometimes one of housekeeping.
    await one.database.cut();
    await one.database.restore();
    const holding = one.database.hold('answered', LOGIN);
    const presented = holder.present(one.direct);
    const held = await holding;
    held.cut(Buffer.concat([held.answer, TERMINATED]));
    await presented;
    expect([200, 503]).toContain(holder.presentations.at(-1)?.status);
    expect(await holder.present(one.direct)).toBe(true);
  });

  it('does not delay the end of a stolen session when the answer to the commit is lost', async () => {
    const holder = await newHolder();
    for (let round = 0; round < 2; round++) await holder.present(one.direct);
    const holding = one.database.hold('answered', 'refresh_reused', 'COMMIT');
    const presented = verdict(one, holder.pair(2).refresh_token);
    (await holding).cut();
    expect(await presented).toEqual([503, 'unavailable']);
    await expectEnded(holder);
  });

  it('leaves the session unchanged when the commit never arrived, and the theft is found the next time', async () => {
    const holder = await newHolder();
    for (let round = 0; round < 2; round++) await holder.present(one.direct);
    const holding = one.database.hold('received', 'refresh_reused', 'COMMIT');
    const presented = verdict(one, holder.pair(2).refresh_token);
    (await holding).cut();
    expect(await presented).toEqual([503, 'unavailable']);
    expect(await holder.present(other.direct)).toBe(true);
    await expectVerified(holder.pair(0));
    await expectTheftFound(holder);
  });
});

/** How a tab acts when the access token in the shared store has expired. */
interface Tab {
  /** The tab reads the store after this many others are done; a fresh pair there ends its work. */
  readonly looksAfter: number;
  /** The tab presents the token it read after this many others are done, whatever they have stored. */
  readonly sendsAfter: number;
  readonly at: number;
  readonly losesAnswer: boolean;
}

/** @param others how many tabs this one may wait for, so that no two wait for each other */
function anyTab(others: number): fc.Arbitrary<Tab> {
  return fc.record({
    looksAfter: fc.oneof(fc.constant(0), fc.nat(others)),
    sendsAfter: fc.nat(others),
    at: fc.nat(1),
    losesAnswer: fc.nat(9).map((of10) => of10 === 0),
  });
}

/**
 * Lets every tab refresh until the store holds a fresh pair, and resolves with the stored pairs in order. No tab uses up
 * a fresh pair during the round, because a pair lives longer than a request for it.
 */
async function refreshByTabs(used: string, tabs: readonly Tab[], onLoss: () => void): Promise<TokenPair[]> {
  const stored: TokenPair[] = [];
  const done: Tab[] = [];
  const finished = new EventEmitter();
  const others = async (count: number): Promise<void> => {
    while (done.length < count) await once(finished, 'tab');
  };
  const refresh = async ({ looksAfter, sendsAfter, at, losesAnswer }: Tab): Promise<void> => {
    await others(looksAfter);
    if (stored.length > 0) return;
    await others(sendsAfter);
    const { wire, remote } = instance(at);
    if (losesAnswer) void wire.hold('answered', REFRESH).then((held) => held.cut());
    for (let attempt = 0; attempt < 3; attempt++) {
      const answer = await remote.refresh(used).catch(onLoss);
      if (answer) {
        expect(answer.status).toBe(200);
        stored.push(answer.body);
      }
      if (stored.length > 0) return;
    }
  };
  const finish = (tab: Tab): void => {
    done.push(tab);
    finished.emit('tab');
  };
  await Promise.all(tabs.map((tab) => refresh(tab).finally(() => finish(tab))));
  return stored;
}

describe('five tabs with one shared store', () => {
  it('never lose their session on two instances, in any order of refreshes', async () => {
    const holder = await newHolder();
    const life = fc.tuple(...Array.from({ length: TABS }, (_, others) => anyTab(others)));
    let lost = 0;
    for (const tabs of fc.sample(life, { seed: SEED, numRuns: LIVES })) {
      const stored = await refreshByTabs(holder.pair(0).refresh_token, tabs, () => void lost++);
      expect(new Set(stored.map((pair) => pair.refresh_token)).size).toBe(1);
      for (const pair of stored) await expectVerified(pair);
      holder.pairs.push(...stored.slice(-1));
    }
    expect(lost).toBeGreaterThan(LIVES / 10);
    expect(decode(holder.pair(0).refresh_token).claims['gen']).toBe(LIVES + 1);
    await expectTheftFound(holder);
  });
});

describe('an instance that is killed while clients refresh continuously', () => {
  let crowd: Crowd;

  beforeAll(async () => {
    const holders = await Promise.all(Array.from({ length: HOLDERS }, newHolder));
    crowd = new Crowd(holders, (turn) => instance(turn).direct);
    crowd.resume();
    await crowd.moved();
  });
  afterAll(() => crowd.pause());

  /** Resolves when both instances are ready. */
  async function restarted(): Promise<void> {
    for (const killed of [one, other]) if (!killed.up) await killed.start();
    await crowd.moved();
  }

  it('between two rotations ends no session', async () => {
    await crowd.pause();
    await one.kill();
    crowd.resume();
    await crowd.moved();
    await restarted();
  });

  it('during a rotation ends no session, whether or not the rotation was committed', async () => {
    await other.database.hold('sent', ROTATION);
    await other.kill();
    await crowd.moved();
    await restarted();
  });

  it('after the commit and before the answer ends no session and makes no second successor', async () => {
    const held = await one.database.hold('answered', ROTATION);
    await one.kill();
    await crowd.moved();
    const committed = ({ refresh_token: token }: TokenPair): boolean =>
      held.answer.includes(String(decode(token).claims['jti']));
    // One statement may rotate several sessions and returns how many.
    const rotated = Number(/UPDATE (\d+)/.exec(held.answer.toString('latin1'))?.[1]);
    expect(rotated).toBeGreaterThan(0);
    expect(crowd.holders.filter(({ pairs }) => pairs.some(committed))).toHaveLength(rotated);
  });

  it('keeps everything acknowledged before, and theft is still found', async () => {
    await crowd.pause();
    for (const holder of crowd.holders) {
      // The database was up all the time, so unanswered requests went to an instance that was down.
      expect(new Set(holder.presentations.map(({ status }) => status))).toEqual(new Set([200, undefined]));
      for (const pair of holder.pairs.slice(-10)) await expectVerified(pair);
      expect(decode(holder.pair(0).refresh_token).claims['gen']).toBe(holder.pairs.length);
      await expectTheftFound(holder);
    }
  });
});
