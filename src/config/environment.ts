import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'dotenv';
import { ConfigError, type ConfigProblem, type Environment } from './env.schema.js';
import { generateSecret } from './generated-secret.js';

/** Settings whose value may be kept in a file of its own, as container platforms mount secrets. */
const FROM_FILE = ['SECRET_KEY', 'JWT_PRIVATE_KEY', 'BOOTSTRAP_ADMIN_PASSWORD', 'DATABASE_URL'] as const;

export interface ReadEnvironment {
  readonly environment: Environment;
  /** The file a new signing secret was written to, where this start made one. */
  readonly generatedInto: string | undefined;
}

/**
 * Gathers the settings: the process environment wins over `.env.local`, which wins over `.env`, both in `directory`.
 * `NAME_FILE` gives `NAME`. Outside production a missing `SECRET_KEY` is generated into `.env.local` (mode 0600).
 * @param mayGenerate false for commands that only look
 * @throws ConfigError where a `NAME_FILE` cannot be read or contradicts `NAME`
 */
export async function readEnvironment(
  directory: string = process.cwd(),
  processEnvironment: Environment = process.env,
  mayGenerate = true,
): Promise<ReadEnvironment> {
  const fromFiles = { ...readDotenv(join(directory, '.env')), ...readDotenv(join(directory, '.env.local')) };
  const environment = withFileSettings({ ...fromFiles, ...withoutEmpty(processEnvironment) });
  if (!mayGenerate || hasSigningKey(environment) || environment['NODE_ENV'] === 'production') {
    return { environment, generatedInto: undefined };
  }
  const file = join(directory, '.env.local');
  const { secret, generated } = await generateSecret(file);
  return { environment: { ...environment, SECRET_KEY: secret }, generatedInto: generated ? file : undefined };
}

function hasSigningKey(environment: Environment): boolean {
  return Boolean(environment['SECRET_KEY'] ?? environment['JWT_PRIVATE_KEY']);
}

/** `NAME=` in the environment of a container means "not set" and must not hide what the files say. */
function withoutEmpty(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
}

function readDotenv(file: string): Record<string, string> {
  if (!existsSync(file)) return {};
  const entries = Object.entries(parse(readFileSync(file)));
  return Object.fromEntries(entries.filter(([, value]) => value !== ''));
}

function withFileSettings(environment: Environment): Environment {
  const problems: ConfigProblem[] = [];
  const merged: Record<string, string | undefined> = { ...environment };
  for (const name of FROM_FILE) {
    const file = environment[`${name}_FILE`];
    if (file === undefined) continue;
    if (environment[name] !== undefined) {
      problems.push({ setting: `${name}_FILE`, message: `and ${name} are both set: set one of them` });
      continue;
    }
    try {
      merged[name] = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    } catch {
      problems.push({ setting: `${name}_FILE`, message: 'names a file that cannot be read' });
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return merged;
}
