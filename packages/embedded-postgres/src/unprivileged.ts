import { chown, readFile, stat } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Binaries, USE_YOUR_OWN } from './binaries.js';
import { type DataFolder, isRoot } from './data-folder.js';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';

/** Runs PostgreSQL's programs under an account that the server accepts: it refuses to run as root. */
export interface Runner {
  /** For spawn; absent when the programs run under this process's account. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** The command line that runs a program under the account. */
  readonly command: (program: string, args: readonly string[]) => { file: string; args: string[] };
  /** Makes the account the owner of a file or folder that this process created. */
  readonly give: (path: string) => Promise<void>;
}

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const sameAccount: Runner = {
  command: (program, args) => ({ file: program, args: [...args] }),
  give: () => Promise.resolve(),
};

/**
 * Chooses the account: the process's own, or as root the owner of an existing cluster, else `postgres`, else `nobody`.
 * @throws EmbeddedPostgresError when root has no such account or lacks the capabilities to switch to it
 */
export async function chooseRunner(folder: DataFolder, binaries: Binaries): Promise<Runner> {
  if (!isRoot) return sameAccount;
  const account = await chooseAccount(folder);
  await requireCapabilities();
  const reachable = (await mayEnter(account, folder.root)) && (await mayEnter(account, binaries.native));
  return reachable ? switchingAccount(account) : keepingAccess(account, folder);
}

async function chooseAccount(folder: DataFolder): Promise<Account> {
  const owner = await stat(folder.cluster).catch(() => undefined);
  if (owner && owner.uid !== 0) return { name: `uid ${owner.uid}`, uid: owner.uid, gid: owner.gid };
  const accounts = await readAccounts();
  const account = accounts.get('postgres') ?? accounts.get('_postgres') ?? accounts.get('nobody');
  if (!account)
    throw new EmbeddedPostgresError(
      'PostgreSQL refuses to run as root, and this machine has neither an account "postgres" nor "nobody". ' +
        `Start Latchkey under an ordinary account. ${USE_YOUR_OWN}`,
    );
  if (owner)
    throw new EmbeddedPostgresError(
      `The database in ${folder.cluster} belongs to root, and PostgreSQL refuses to run as root. ` +
        `Change its owner with: chown -R ${account.name} '${folder.cluster}'`,
    );
  return account;
}

async function readAccounts(): Promise<Map<string, Account>> {
  const accounts = new Map<string, Account>();
  for (const line of (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n')) {
    const [name = '', , uid, gid] = line.split(':');
    // Some systems list the id of nobody as -2; the kernel uses the same 32 bits unsigned.
    if (Number(uid)) accounts.set(name, { name, uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 });
  }
  return accounts;
}

/** Checks the permission bits of the folder and of all folders above it. ACLs are not considered. */
async function mayEnter(account: Account, path: string): Promise<boolean> {
  const { mode, uid, gid } = await stat(path);
  const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
  if (!(mode & bit)) return false;
  return dirname(path) === path || mayEnter(account, dirname(path));
}

const giveTo = (account: Account) => (path: string) => chown(path, account.uid, account.gid);

function switchingAccount(account: Account): Runner {
  return { ...sameAccount, uid: account.uid, gid: account.gid, give: giveTo(account) };
}

/** For a folder that only root can enter: the account keeps CAP_DAC_OVERRIDE of root's capabilities, and no other. */
function keepingAccess(account: Account, folder: DataFolder): Runner {
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));
  if (!setpriv)
    throw new EmbeddedPostgresError(
      `PostgreSQL refuses to run as root, and the account "${account.name}" cannot enter ${folder.root} or ` +
        'the installed packages. Choose a DATA_DIR every account may pass through, or install setpriv ' +
        `(package util-linux). ${USE_YOUR_OWN}`,
    );
  const options = [
    `--reuid=${account.uid}`,
    `--regid=${account.gid}`,
    '--clear-groups',
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
    '--',
  ];
  return {
    command: (program, args) => ({ file: setpriv, args: [...options, program, ...args] }),
    give: giveTo(account),
  };
}

/** The capabilities to change owners, run programs under another account, reach its files and signal it, by bit. */
const CAPABILITIES = { CHOWN: 0, DAC_OVERRIDE: 1, KILL: 5, SETGID: 6, SETUID: 7 } as const;

/** A container may run as root without its capabilities; PostgreSQL would only say "operation not permitted". */
async function requireCapabilities(): Promise<void> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const held = /^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1];
  // Only Linux has capabilities.
  if (!held) return;
  const missing = Object.entries(CAPABILITIES).filter(
    ([, bit]) => !((BigInt(`0x${held}`) >> BigInt(bit)) & 1n),
  );
  if (missing.length === 0) return;
  throw new EmbeddedPostgresError(
    'PostgreSQL refuses to run as root, and this root cannot run it under another account: it lacks ' +
      `${missing.map(([name]) => `CAP_${name}`).join(', ')}. Start Latchkey under an ordinary account. ${USE_YOUR_OWN}`,
  );
}
