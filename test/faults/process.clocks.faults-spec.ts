import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TokenPair } from '../support/http/client.js';
import { clockOff } from '../support/service/clock-off.js';
import { Deployment } from '../support/service/deployment.js';
import { eventually, type ServiceProcess } from '../support/service/process.js';
import { decode } from '../support/tokens/tokens.js';

/** Three times the window in which a refresh may be repeated. */
const SKEW_SECONDS = 90;
const ROUNDS = 10;
const PARALLEL = 10;

let deployment: Deployment;
/** Two instances whose clocks are three minutes apart; the database's time is in between. */
let ahead: ServiceProcess;
let behind: ServiceProcess;

beforeAll(async () => {
  deployment = await Deployment.open({ database: 'migrated' });
  ahead = await deployment.start(clockOff(SKEW_SECONDS));
  behind = await deployment.start(clockOff(-SKEW_SECONDS));
});
afterAll(() => deployment.close());

async function verified(instance: ServiceProcess, token: string): Promise<unknown[]> {
  const { status, body } = await instance.client.get('/auth/verify', { token });
  return [status, body['code']];
}

describe('two instances whose clocks differ', () => {
  it('stamp tokens with the database’s time, and accept each other’s', async () => {
    for (const [issuing, other] of [
      [ahead, behind],
      [behind, ahead],
    ] as const) {
      const { access_token: token } = await issuing.client.newcomer();
      expect(Math.abs(Number(decode(token).claims['iat']) - Date.now() / 1000)).toBeLessThan(5);
      expect((await verified(other, token))[0]).toBe(200);
    }
  });

  it('give a token one successor, refreshed on both at the same time or one after the other', async () => {
    let pair: TokenPair = await ahead.client.newcomer();
    for (let round = 0; round < ROUNDS; round++) {
      const [first, second] = round % 2 ? [ahead, behind] : [behind, ahead];
      const { body: next } = await first.client.refresh(pair.refresh_token);
      const answers = await Promise.all(
        Array.from({ length: PARALLEL }, (_, index) =>
          (index % 2 ? first : second).client.refresh(pair.refresh_token),
        ),
      );
      const successors = new Set(
        [next, ...answers.map(({ body }) => body)].map((body) => body.refresh_token),
      );
      expect(successors).toEqual(new Set([next.refresh_token]));
      pair = next;
    }
    expect((await verified(behind, pair.access_token))[0]).toBe(200);
  });

  it('end tokens issued before a logout everywhere, and none issued after it', async () => {
    for (const [one, other] of [
      [ahead, behind],
      [behind, ahead],
    ] as const) {
      const person = await one.client.newcomer();
      await other.client.post('/auth/logout-all', { token: person.access_token });
      const { access_token: fresh } = await one.client.login(person);
      await eventually(1000, async () => (await verified(one, person.access_token))[0] === 401);
      expect(await verified(one, person.access_token)).toEqual([401, 'token_revoked']);
      expect((await verified(other, fresh))[0]).toBe(200);
      expect((await verified(one, fresh))[0]).toBe(200);
    }
  });

  it('log how far their clocks differ', () => {
    for (const [instance, seconds] of [
      [ahead, SKEW_SECONDS],
      [behind, -SKEW_SECONDS],
    ] as const) {
      const warnings = instance.log.filter((line) => 'skew_seconds' in line);
      expect(warnings).toEqual([expect.objectContaining({ level: 'warn', skew_seconds: seconds })]);
    }
  });
});
