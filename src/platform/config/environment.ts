import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'dotenv';
import { SETTING_NAMES, type ConfigProblem, type Environment } from './env.schema.js';
import { generateSecret } from './generated-secret.js';
import { isSymmetric } from './secret-settings.js';
import { cutValues, misspelledNames } from './setting-warnings.js';
import { textOfFile } from './text-file.js';

/** Settings that may be given as a file, the way container platforms mount secrets. */
const FROM_FILE = [
  'ROOT_SECRET',
  'SECRET_KEY',
  'JWT_PRIVATE_KEY',
  'BOOTSTRAP_ADMIN_PASSWORD',
  'DATABASE_URL',
  'REDIS_URL',
] as const;

/** Settings that replace each other: a layer that sets one of a group overrides the whole group of lower layers. */
const ALTERNATIVES: ReadonlyArray<readonly string[]> = [
  ['ACCESS_TOKEN_EXPIRE_MINUTES', 'ACCESS_TOKEN_EXPIRE_SECONDS'],
  ['REFRESH_TOKEN_IDLE_DAYS', 'REFRESH_TOKEN_IDLE_HOURS', 'REFRESH_TOKEN_IDLE_SECONDS'],
  ...FROM_FILE.map((name) => [name, `${name}_FILE`]),
];

/** Every name that is read. */
const KNOWN_NAMES: ReadonlySet<string> = new Set([
  ...SETTING_NAMES,
  ...FROM_FILE.map((name) => `${name}_FILE`),
]);

export interface ReadEnvironment {
  readonly environment: Environment;
  /** Faults of the files, which `loadConfig` reports with the others. */
  readonly problems: readonly ConfigProblem[];
  /** The file that this start wrote a new signing secret to; undefined where it made none. */
  readonly generatedInto: string | undefined;
}

/**
 * Reads the settings: the process environment wins over `.env.local`, which wins over `.env`, both in `directory`. The
 * content of the file `NAME_FILE` becomes `NAME`. Outside production a `SECRET_KEY` is generated into `.env.local` (mode
 * 0600) where neither it nor another secret that suffices is set.
 * @param mayGenerate false for commands that only read
 */
export async function readEnvironment(
  directory: string = process.cwd(),
  processEnvironment: Environment = process.env,
  mayGenerate = true,
): Promise<ReadEnvironment> {
  const local = join(directory, '.env.local');
  const unreadable: ConfigProblem[] = [];
  const files = [join(directory, '.env'), local].map((file) => readDotenv(file, unreadable).settings);
  const { environment, problems: refused } = withFileSettings(
    [...files, withoutEmpty(processEnvironment)].reduce(mergeLayers),
  );
  const problems = [...unreadable, ...refused];
  const production = environment['NODE_ENV']?.trim() === 'production';
  if (!mayGenerate || production || problems.length > 0 || hasSigningKey(environment)) {
    return { environment, problems, generatedInto: undefined };
  }
  try {
    const { secret, generated } = await generateSecret(local);
    const generatedInto = generated ? local : undefined;
    return { environment: { ...environment, SECRET_KEY: secret }, problems, generatedInto };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const problem = {
      setting: 'SECRET_KEY',
      message: `is missing and cannot be kept: ${code ? `${local} (${code})` : message}`,
    };
    return { environment, problems: [problem], generatedInto: undefined };
  }
}

/**
 * Settings that are probably not what their author meant, by name: a value of a file that a `#` cuts, and a name that is
 * nearly a setting. The service starts with them.
 */
export function readWarnings(
  directory: string = process.cwd(),
  processEnvironment: Environment = process.env,
): ConfigProblem[] {
  const files = ['.env', '.env.local'].map((name) => readDotenv(join(directory, name)));
  return [
    ...files.flatMap(({ text, settings }) => [
      ...cutValues(text),
      ...misspelledNames(Object.keys(settings), KNOWN_NAMES, false),
    ]),
    ...misspelledNames(Object.keys(processEnvironment), KNOWN_NAMES, true),
  ];
}

/** A variable of the process environment, without the files. */
export function startedWith(name: string): string | undefined {
  return process.env[name];
}

/** Copies the `OTEL_*` settings of the files into the process environment, where OpenTelemetry reads them. */
export function publishTracing(environment: Environment): void {
  for (const [name, value] of Object.entries(environment)) {
    if (name.startsWith('OTEL_') && value !== undefined) process.env[name] ||= value;
  }
}

function mergeLayers(lower: Environment, higher: Environment): Environment {
  const replaced = ALTERNATIVES.filter((names) => names.some((name) => higher[name] !== undefined)).flat();
  const kept = Object.entries(lower).filter(([name]) => !replaced.includes(name));
  return { ...Object.fromEntries(kept), ...higher };
}

function hasSigningKey(environment: Environment): boolean {
  const root = isSymmetric(environment['JWT_ALGORITHM']) ? undefined : environment['ROOT_SECRET'];
  return Boolean(environment['SECRET_KEY'] ?? environment['JWT_PRIVATE_KEY'] ?? root);
}

/** `NAME=` in the environment of a container means "not set" and must not hide the files' values. */
function withoutEmpty(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
}

interface Dotenv {
  readonly text: string;
  readonly settings: Environment;
}

function readDotenv(file: string, problems: ConfigProblem[] = []): Dotenv {
  const refused = (message: string): Dotenv => {
    problems.push({ setting: file, message });
    return { text: '', settings: {} };
  };
  if (!existsSync(file)) return { text: '', settings: {} };
  try {
    const content = textOfFile(file);
    if ('fault' in content) return refused(content.fault);
    return { text: content.text, settings: withoutEmpty(parse(content.text)) };
  } catch (error) {
    return refused(`cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function withFileSettings(environment: Environment): Omit<ReadEnvironment, 'generatedInto'> {
  const problems: ConfigProblem[] = [];
  const merged: Record<string, string | undefined> = { ...environment };
  for (const name of FROM_FILE) {
    const file = environment[`${name}_FILE`];
    if (file === undefined) continue;
    const refuse = (message: string) => problems.push({ setting: `${name}_FILE`, message });
    if (environment[name] !== undefined) refuse(`and ${name} are both set: set one of them`);
    else merged[name] = contentOf(file, refuse);
  }
  return { environment: merged, problems };
}

/** The text of a file without the final line end that editors add. */
function contentOf(file: string, refuse: (message: string) => void): string | undefined {
  try {
    const read = textOfFile(file);
    if ('fault' in read) {
      refuse(`names a file that ${read.fault}`);
      return undefined;
    }
    const content = read.text.replace(/\r?\n$/, '');
    if (content.trim() === '') refuse('names an empty file');
    return content;
  } catch {
    refuse('names a file that cannot be read');
    return undefined;
  }
}
