import type { KeyConfig } from './config.js';
import type { ConfigProblem, Environment } from './env.schema.js';
import { secretWeakness } from './secret-strength.js';

/** The settings that hold one secret. */
export const SECRET_NAMES: readonly string[] = ['ROOT_SECRET', 'SECRET_KEY'];

/** Whether an algorithm signs with `SECRET_KEY`; undefined stands for the default algorithm. */
export function isSymmetric(algorithm: string | undefined): boolean {
  return algorithm?.trim().startsWith('HS') ?? false;
}

/** Faults of the secrets and their predecessors, by name, without a value. */
export function secretProblems(environment: Environment): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const setting of SECRET_NAMES) {
    const secret = environment[setting];
    if (secret?.includes(',')) {
      problems.push({
        setting,
        message: `holds a comma: ${setting}_PREVIOUS is a list separated by commas, so this secret could not be replaced`,
      });
    }
    const former = (environment[`${setting}_PREVIOUS`] ?? '').split(',').map((item) => item.trim());
    problems.push(...weaknesses(setting, [secret]), ...weaknesses(`${setting}_PREVIOUS`, former));
  }
  return [...problems, ...missing(environment)];
}

function weaknesses(setting: string, secrets: ReadonlyArray<string | undefined>): ConfigProblem[] {
  return secrets
    .map((secret) => (secret === undefined || secret === '' ? undefined : secretWeakness(secret)))
    .filter((message) => message !== undefined)
    .map((message) => ({ setting, message }));
}

/** HS* signs with SECRET_KEY. The other algorithms need a root secret, which may come from SECRET_KEY or a PEM. */
function missing(environment: Environment): ConfigProblem[] {
  const symmetric = isSymmetric(environment['JWT_ALGORITHM']);
  const settings = symmetric ? ['SECRET_KEY'] : ['ROOT_SECRET', 'SECRET_KEY', 'JWT_PRIVATE_KEY'];
  // A file that could not be read was reported before, and a PEM beside HS* is a contradiction of its own.
  const sources = [...settings, 'JWT_PRIVATE_KEY'].flatMap((name) => [name, `${name}_FILE`]);
  if (sources.some((name) => environment[name] !== undefined)) return [];
  const instead = symmetric ? 'set it' : 'set it, or ROOT_SECRET,';
  return [
    {
      setting: 'SECRET_KEY',
      message: `is missing: ${instead} to a random text of at least 32 bytes, for example the output of: openssl rand -hex 32`,
    },
  ];
}

/** The secrets as {@link KeyConfig} holds them. */
export function secretsOf(settings: {
  readonly JWT_ALGORITHM: string;
  readonly ROOT_SECRET?: string | undefined;
  readonly ROOT_SECRET_PREVIOUS: readonly string[];
  readonly SECRET_KEY?: string | undefined;
  readonly SECRET_KEY_PREVIOUS: readonly string[];
}): Pick<KeyConfig, 'secret' | 'previousSecrets' | 'rootSecret' | 'previousRootSecrets'> {
  const { SECRET_KEY: secret, SECRET_KEY_PREVIOUS: previousSecrets } = settings;
  const { ROOT_SECRET: root, ROOT_SECRET_PREVIOUS: formerRoots } = settings;
  // With HS* and a root of its own, APIs hold the former SECRET_KEYs: what these could sign must stay refused.
  const isShared = root !== undefined && isSymmetric(settings.JWT_ALGORITHM);
  return {
    secret,
    previousSecrets,
    rootSecret: root ?? secret,
    previousRootSecrets: isShared ? formerRoots : [...formerRoots, ...previousSecrets],
  };
}

/**
 * Why a service that checks access tokens with `SECRET_KEY` (HS*) could also make refresh tokens and audit seals of this
 * service, and the remedy; undefined where it could not.
 */
export function sharedRoot(keys: KeyConfig): { readonly says: string; readonly fix: string } | undefined {
  if (!isSymmetric(keys.algorithm)) return undefined;
  const held = [keys.secret, ...keys.previousSecrets];
  if (held.includes(keys.rootSecret)) {
    const says = `APIs need SECRET_KEY for ${keys.algorithm}, and it is also the root of refresh tokens, encryption and audit seals`;
    return {
      says,
      fix: 'set ROOT_SECRET to another secret, and the present SECRET_KEY as ROOT_SECRET_PREVIOUS',
    };
  }
  if (!keys.previousRootSecrets.some((root) => held.includes(root))) return undefined;
  return {
    says: 'ROOT_SECRET_PREVIOUS holds a secret that APIs have as SECRET_KEY',
    fix: 'remove it from ROOT_SECRET_PREVIOUS as soon as the refresh tokens that it signed have expired',
  };
}
