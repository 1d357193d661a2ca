import { expect, it } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A metric without its prefix, its labels, and its values a minute apart, as promtool writes them. */
type Series = readonly [metric: string, labels: string, values: string];

const ALERTS = join(process.cwd(), 'docs/observability/alerts.yml');
const PROMTOOL = spawnSync('promtool', ['--version']).status === 0;
if (!PROMTOOL) process.stdout.write('skipped: no promtool here (Debian: prometheus)\n');

const requests = (status: string, values: string): Series => [
  'http_requests_total',
  `status="${status}"`,
  values,
];
const spread = (le: string, values: string): Series => [
  'revocation_spread_seconds_bucket',
  `from="elsewhere", le="${le}"`,
  values,
];
const logins = (outcome: string, values: string): Series => ['logins_total', `outcome="${outcome}"`, values];
const queue = (waiting: string, limit: string): Series[] => [
  ['password_hashes_waiting', '', waiting],
  ['password_hash_queue_limit', '', limit],
];
const keys = (next: string): Series[] => [
  ['signing_key_rotation_due_timestamp_seconds', '', '60x99'],
  ['signing_keys', 'algorithm="ES256", state="next"', next],
];

const CASES: ReadonlyArray<
  readonly [alert: string, what: string, fires: boolean, series: readonly Series[]]
> = [
  ['ServerErrors', '2 % of 5xx', true, [requests('200', '0+98x99'), requests('503', '0+2x99')]],
  ['ServerErrors', 'half a per cent', false, [requests('200', '0+398x99'), requests('503', '0+2x99')]],
  ['NotReady', 'an instance wants no requests', true, [['ready', '', '0x99']]],
  ['Absent', 'nothing is measured', true, []],
  ['RevocationFeedStale', 'time passes', true, [['revocation_feed_staleness_seconds', '', '0+60x99']]],
  [
    'RevocationSlow',
    'half take longer than a second',
    true,
    [spread('1', '0+1x99'), spread('2.5', '0+2x99'), spread('+Inf', '0+2x99')],
  ],
  ['RevocationSlow', 'all are quick', false, [spread('1', '0+2x99'), spread('+Inf', '0+2x99')]],
  [
    'RefreshTokenReused',
    'the first one ever',
    true,
    [['refreshes_total', 'outcome="refresh_token_reused"', '0x91 1x8']],
  ],
  ['LoginFailuresSurge', 'ten a second at once', true, [logins('invalid_credentials', '0x79 0+600x20')]],
  ['LoginFailuresSurge', 'as many as always', false, [logins('invalid_credentials', '0+600x99')]],
  ['HashQueueFull', 'logins are refused', true, [logins('overloaded', '0x89 0+5x10')]],
  ['HashQueueFull', 'nearly all places are taken', true, queue('240x99', '256x99')],
  ['HashQueueFull', 'there are no places', false, queue('0x99', '0x99')],
  ['DatabasePoolWaiting', 'statements wait', true, [['database_connections_awaited', '', '3x99']]],
  ['SigningKeyRejected', 'a row was changed', true, [['signing_keys_rejected', '', '0x90 1x9']]],
  ['SigningKeyRejected', 'every row is authentic', false, [['signing_keys_rejected', '', '0x99']]],
  ['AuditAlarm', 'the log was changed', true, [['audit_alarm', '', '1x99']]],
  ['AuditSealDelayed', 'a transaction is open', true, [['audit_seal_delay_seconds', '', '0+60x99']]],
  ['NoNextSigningKey', 'the rotation is due', true, keys('0x99')],
  ['NoNextSigningKey', 'a successor is published', false, keys('1x99')],
];

(PROMTOOL ? it : it.skip)('each alert fires when it should, and not before', async () => {
  const tests = CASES.map(([alert, what, fires, series]) => ({
    name: `${alert}: ${what}`,
    interval: '1m',
    input_series: series.map(([metric, labels, values]) => ({
      series: `latchkey_${metric}{job="latchkey", instance="a"${labels && `, ${labels}`}}`,
      values,
    })),
    promql_expr_test: [
      {
        expr: `count(ALERTS{alertname="Latchkey${alert}", alertstate="firing"})`,
        eval_time: '98m',
        exp_samples: fires ? [{ value: 1 }] : [],
      },
    ],
  }));
  const folder = await mkdtemp(join(tmpdir(), 'lk-alerts-'));
  const file = join(folder, 'tests.yml');
  // JSON is YAML.
  await writeFile(file, JSON.stringify({ rule_files: [ALERTS], evaluation_interval: '1m', tests }));
  expect(execFileSync('promtool', ['test', 'rules', file]).toString()).toContain('SUCCESS');
  await rm(folder, { recursive: true });
});

it('each alert rule has a case in which it fires', async () => {
  const named = [...(await readFile(ALERTS, 'utf8')).matchAll(/alert: Latchkey(\w+)/g)].map(
    ([, name]) => name,
  );
  const firing = CASES.filter(([, , fires]) => fires).map(([alert]) => alert);
  // A metric of Node, which has no prefix.
  expect(named.filter((name) => name !== 'EventLoopBlocked').sort()).toEqual([...new Set(firing)].sort());
});
