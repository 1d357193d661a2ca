import type { Config } from '../platform/config/config.js';
import type { SigningPlan } from '../keys/key-ring.js';
import type { CreatedAdministrator } from '../accounts/first-administrator.js';

export interface StartFacts {
  readonly config: Config;
  /** The URL of the service. */
  readonly url: string;
  readonly metricsUrl: string | undefined;
  readonly database: string;
  /** Deployments that share a key show the same `kid`. */
  readonly signing: SigningPlan;
  readonly generatedSecretIn: string | undefined;
  readonly administrator: CreatedAdministrator | undefined;
}

/** The text shown on a terminal when the service has started. */
export function banner(facts: StartFacts): string {
  const { config, url, database } = facts;
  const { tokens } = config;
  const lines = [
    ['pages', url],
    ['docs', `${url}/docs`],
    ...(facts.metricsUrl === undefined ? [] : [['metrics', facts.metricsUrl]]),
    ['data', database],
    [
      'tokens',
      `${signingText(facts.signing)}, access ${duration(tokens.accessSeconds)}, ${refreshLife(config)}`,
    ],
    ['issuer', `${tokens.issuer}, audience ${tokens.audiences.join(', ')}`],
    ['key', `fingerprint ${facts.signing.kid}`],
  ];
  if (facts.generatedSecretIn !== undefined)
    lines.push(['', `new SECRET_KEY written to ${facts.generatedSecretIn}`]);
  const text = lines.map(([label = '', value = '']) => `  ${label.padEnd(8)}${value}`).join('\n');
  return `\nLatchkey is ready.\n\n${text}\n${administratorText(facts.administrator, url)}\n`;
}

/** The facts of the start as fields of one log line, without the generated password. */
export function startFields(facts: StartFacts): Record<string, unknown> {
  const { config, url, metricsUrl, database, signing } = facts;
  const { until, next } = signing;
  return {
    pid: process.pid,
    url,
    metrics_url: metricsUrl,
    database,
    algorithm: signing.algorithm,
    access_token_seconds: config.tokens.accessSeconds,
    refresh_token_idle_seconds: config.tokens.refreshIdleSeconds,
    refresh_token_max_seconds: config.tokens.refreshMaxSeconds,
    key_fingerprint: signing.kid,
    ...(until !== undefined && {
      signs_until: new Date(until).toISOString(),
      next_algorithm: next?.algorithm,
      next_key_fingerprint: next?.kid,
    }),
  };
}

/** The generated administrator, or an empty text. Shown once on the terminal; the password is not stored in clear. */
export function administratorText(administrator: CreatedAdministrator | undefined, url: string): string {
  if (administrator?.generatedPassword === undefined) return '';
  return (
    `\n  First administrator, shown this once:\n    user name  ${administrator.username}\n` +
    `    password   ${administrator.generatedPassword}\n` +
    `    Sign in with it at ${url}/login and choose your own there. It opens nothing else.\n`
  );
}

/** A new key is published before it signs, so the former one goes on for some minutes after a change of the settings. */
function signingText({ algorithm, until, next }: SigningPlan): string {
  if (until === undefined || next === undefined) return algorithm;
  return `${algorithm} until ${new Date(until).toISOString()}, then ${next.algorithm}`;
}

function refreshLife({ tokens }: Config): string {
  return `refresh ${duration(tokens.refreshIdleSeconds)} idle, ${duration(tokens.refreshMaxSeconds)} in all`;
}

function duration(seconds: number): string {
  const units = [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
  ] as const;
  for (const [name, size] of units) {
    if (seconds >= size && seconds % size === 0) return plural(seconds / size, name);
  }
  return plural(seconds, 'second');
}

function plural(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
