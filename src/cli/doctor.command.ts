import { existsSync } from 'node:fs';
import { DataSource } from 'typeorm';
import type { Config } from '../platform/config/config.js';
import { ConfigError, loadConfig, type ConfigProblem } from '../platform/config/env.schema.js';
import { readEnvironment } from '../platform/config/environment.js';
import { DatabaseClock } from '../platform/database/database-clock.js';
import { dataSourceOptions } from '../platform/database/data-source.js';
import { pendingMigrations } from '../platform/database/migrate.js';
import { openDatabase, type OpenDatabase } from '../platform/database/open-database.js';
import { createLog } from '../platform/kernel/log.js';
import { keyOfRow } from '../keys/key-material.js';
import { keyState } from '../keys/key-rotation.policy.js';
import { SigningKeyRow } from '../keys/signing-key.entity.js';
import { readSigningKeys } from '../keys/signing-keys.service.js';
import { newestAddresses } from '../sessions/newest-addresses.js';
import { EXIT, type Command } from './command.js';

const WAIT_MS = 0;
const OLDEST_POSTGRES = 140_000;
const NOTEWORTHY_SKEW_MS = 1000;
/** So many sessions of different people do not begin at one address. */
const TELLING_SESSIONS = 200;

/** What was looked at, and what to do where it is not as it should be. */
export interface Finding {
  readonly about: string;
  /** - `fault`: the service does not start, or refuses requests. - `risk`: it works, and should be looked at. */
  readonly state: 'good' | 'risk' | 'fault';
  readonly says: string;
  readonly fix?: string;
}

/**
 * Looks at settings, database, clock, migrations, keys, proxies and CORS, and prints for each fault what to do.
 * Changes nothing. Exit status 1 where it found a fault.
 */
export const doctorCommand: Command = async (_args, { json }, { out }) => {
  const findings = await examine();
  out(json ? `${JSON.stringify(findings)}\n` : `${findings.map(line).join('\n')}\n`);
  return findings.some(({ state }) => state === 'fault') ? EXIT.refused : EXIT.done;
};

async function examine(): Promise<Finding[]> {
  const { environment, problems } = await readEnvironment(undefined, undefined, false);
  const config = configOf(environment, problems);
  if (!('http' in config)) return config.map(settingFault);
  return [
    good('settings', 'all are well-formed, and the secret is strong'),
    ...settingsAdvice(config),
    ...(await database(config)),
  ];
}

function configOf(
  environment: Parameters<typeof loadConfig>[0],
  problems: readonly ConfigProblem[],
): Config | readonly ConfigProblem[] {
  try {
    return loadConfig(environment, problems);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

function settingFault({ setting, message }: ConfigProblem): Finding {
  const fix =
    setting === 'SECRET_KEY'
      ? 'printf "SECRET_KEY=%s\\n" "$(openssl rand -hex 32)" >> .env.local'
      : `set ${setting} to what is asked for, or unset it for its default`;
  return { about: setting, state: 'fault', says: `${setting} ${message}`, fix };
}

/** What is well-formed and still not what a deployment should have. */
function settingsAdvice({ production, http, tokens }: Config): Finding[] {
  const findings: Finding[] = [];
  const issuer = new URL(tokens.issuer);
  if (production && issuer.protocol !== 'https:') {
    const fix = 'set JWT_ISSUER to the https URL under which clients reach the service';
    findings.push({ about: 'JWT_ISSUER', state: 'risk', says: `${tokens.issuer} is not https`, fix });
  }
  const foreign = http.corsOrigins.filter((origin) => production && !origin.startsWith('https:'));
  if (foreign.length > 0) {
    const fix = `take them out of CORS_ORIGINS, or serve them over https: ${foreign.join(', ')}`;
    findings.push({
      about: 'CORS_ORIGINS',
      state: 'risk',
      says: 'pages without TLS may send credentials',
      fix,
    });
  } else
    findings.push(good('CORS_ORIGINS', http.corsOrigins.length === 0 ? 'no other origin' : 'all have TLS'));
  const everybody = http.trustedProxies.filter((range) => range.endsWith('/0'));
  if (everybody.length > 0) {
    const fix = 'name the addresses of your proxies alone';
    findings.push({
      about: 'TRUSTED_PROXIES',
      state: 'fault',
      says: 'everybody is believed to be a proxy',
      fix,
    });
  } else if (production && http.trustedProxies.length === 0) {
    const fix = 'set TRUSTED_PROXIES to its address; without a proxy nothing is to be done';
    const says = 'none: behind a proxy all clients would have its address, and share their limits';
    findings.push({ about: 'TRUSTED_PROXIES', state: 'risk', says, fix });
  } else findings.push(good('TRUSTED_PROXIES', http.trustedProxies.join(', ') || 'none, outside production'));
  return findings;
}

async function database(config: Config): Promise<Finding[]> {
  if (config.database.url === undefined && !existsSync(config.database.dataDir)) {
    return [good('database', `none in ${config.database.dataDir} yet; the first start makes one`)];
  }
  const log = createLog({ level: 'silent', format: 'json' });
  let opened: OpenDatabase | undefined;
  let dataSource: DataSource | undefined;
  try {
    opened = await openDatabase(config.database, log);
    dataSource = await new DataSource(
      dataSourceOptions(opened.target, config.database, [SigningKeyRow]),
    ).initialize();
    const clock = new DatabaseClock();
    await clock.measure(dataSource);
    const pending = await pendingMigrations(opened.target, config.database, { waitMs: WAIT_MS });
    return [
      await versionOf(dataSource),
      clockFinding(clock.skewMs()),
      migrationsFinding(pending),
      ...(pending.length === 0
        ? [await keysOf(dataSource, config, clock.now()), await addressesOf(dataSource, config)]
        : []),
    ];
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    const says = code === undefined ? message : `it cannot be reached (${code})`;
    const fix = 'check DATABASE_URL and that PostgreSQL is up and lets this user in';
    return [{ about: 'database', state: 'fault', says, fix }];
  } finally {
    await dataSource?.destroy();
    await opened?.close();
  }
}

async function versionOf(dataSource: DataSource): Promise<Finding> {
  // Raw: settings of the server.
  const [row]: Array<{ version: string; number: number }> = await dataSource.query(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number`,
  );
  const { version = 'unknown', number = 0 } = row ?? {};
  const says = `PostgreSQL ${version}`;
  if (number >= OLDEST_POSTGRES) return good('database', says);
  return { about: 'database', state: 'fault', says, fix: 'use PostgreSQL 14 or newer' };
}

function clockFinding(skewMs: number): Finding {
  if (Math.abs(skewMs) <= NOTEWORTHY_SKEW_MS) return good('clock', 'as the database’s');
  const seconds = Math.abs(skewMs / 1000).toFixed(1);
  const says = `this machine is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} the database`;
  return { about: 'clock', state: 'risk', says, fix: 'synchronise both with NTP: timedatectl set-ntp true' };
}

function migrationsFinding(pending: readonly string[]): Finding {
  if (pending.length === 0) return good('migrations', 'the database is up to date');
  const says = `${pending.length} pending: ${pending.join(', ')}`;
  return {
    about: 'migrations',
    state: 'risk',
    says,
    fix: 'npm run latchkey -- migrate (a start does it too)',
  };
}

async function keysOf(dataSource: DataSource, config: Config, now: number): Promise<Finding> {
  const rows = await readSigningKeys(dataSource.manager);
  const active = rows.find((row) => keyState(row, now) === 'active' && row.compromisedAt === null);
  if (!active) {
    if (rows.length === 0) return good('keys', 'none yet; the first start makes one');
    const fix = 'npm run latchkey -- keys rotate, or set JWT_PRIVATE_KEY or SECRET_KEY';
    return { about: 'keys', state: 'fault', says: 'no key signs', fix };
  }
  const named = `${active.algorithm} ${active.kid}`;
  if (!keyOfRow(active, config.keys)?.signWith) {
    const says = `the settings do not open the key that signs (${named})`;
    return {
      about: 'keys',
      state: 'fault',
      says,
      fix: 'add the SECRET_KEY of before to SECRET_KEY_PREVIOUS',
    };
  }
  const states = rows.map((row) => keyState(row, now)).filter((state) => state !== 'gone');
  if (active.algorithm !== config.keys.algorithm) {
    return good('keys', `${named} signs; ${config.keys.algorithm} takes over after the next start`);
  }
  return good('keys', `${named} signs; ${states.length} in all: ${states.join(', ')}`);
}

/** Behind a proxy that the settings do not name, everybody seems to come from one address. */
async function addressesOf(dataSource: DataSource, { http }: Config): Promise<Finding> {
  const { sessions, addresses, ip } = await newestAddresses(dataSource.manager, TELLING_SESSIONS);
  if (sessions < TELLING_SESSIONS || addresses > 1)
    return good('addresses', `${addresses} in the newest sessions`);
  const says = `the newest ${sessions} sessions all came from ${ip ?? 'no known address'}`;
  const fix =
    http.trustedProxies.length === 0
      ? 'where that is a proxy, name it in TRUSTED_PROXIES, and have it send X-Forwarded-For'
      : 'have the proxies of TRUSTED_PROXIES send X-Forwarded-For, and name every one of them';
  return { about: 'addresses', state: 'risk', says, fix };
}

function good(about: string, says: string): Finding {
  return { about, state: 'good', says };
}

function line({ about, state, says, fix }: Finding): string {
  const mark = { good: 'ok   ', risk: 'risk ', fault: 'FAULT' }[state];
  return `${mark}  ${about.padEnd(16)}${says}${fix === undefined ? '' : `\n${' '.repeat(23)}-> ${fix}`}`;
}
