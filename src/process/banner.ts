import type { Config } from '../platform/config/config.js';
import type { CreatedAdministrator } from '../accounts/first-administrator.js';

export interface StartFacts {
  readonly config: Config;
  /** The URL of the service. */
  readonly url: string;
  readonly metricsUrl: string | undefined;
  readonly database: string;
  /** The `kid` of the signing key; deployments that share a key show the same one. */
  readonly keyFingerprint: string;
  readonly generatedSecretIn: string | undefined;
  readonly administrator: CreatedAdministrator | undefined;
}

/** The text shown on a terminal when the service has started. */
export function banner(facts: StartFacts): string {
  const { config, url, database } = facts;
  const { tokens, keys } = config;
  const lines = [
    ['docs', `${url}/docs`],
    ...(facts.metricsUrl === undefined ? [] : [['metrics', facts.metricsUrl]]),
    ['data', database],
    ['tokens', `${keys.algorithm}, access ${duration(tokens.accessSeconds)}, ${refreshLife(config)}`],
    ['issuer', `${tokens.issuer}, audience ${tokens.audiences.join(', ')}`],
    ['key', `fingerprint ${facts.keyFingerprint}`],
  ];
  if (facts.generatedSecretIn !== undefined)
    lines.push(['', `new SECRET_KEY written to ${facts.generatedSecretIn}`]);
  const text = lines.map(([label = '', value = '']) => `  ${label.padEnd(8)}${value}`).join('\n');
  return `\nLatchkey is ready.\n\n${text}\n${administratorText(facts.administrator)}\n`;
}

/** The facts of the start as fields of one log line, without the generated password. */
export function startFields(facts: StartFacts): Record<string, unknown> {
  const { config, url, metricsUrl, database, keyFingerprint } = facts;
  return {
    pid: process.pid,
    url,
    metrics_url: metricsUrl,
    database,
    algorithm: config.keys.algorithm,
    access_token_seconds: config.tokens.accessSeconds,
    refresh_token_idle_seconds: config.tokens.refreshIdleSeconds,
    refresh_token_max_seconds: config.tokens.refreshMaxSeconds,
    key_fingerprint: keyFingerprint,
  };
}

/** The generated administrator, or an empty text. Shown once on the terminal; the password is not stored in clear. */
export function administratorText(administrator: CreatedAdministrator | undefined): string {
  if (administrator?.generatedPassword === undefined) return '';
  return `\n  First administrator, shown this once:\n    user name  ${administrator.username}\n    password   ${administrator.generatedPassword}\n`;
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
