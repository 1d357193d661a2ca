import { chown, readdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Binaries, USE_YOUR_OWN } from './binaries.js';
import { type DataFolder, isRoot } from './data-folder.js';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';

/** Runs PostgreSQL's programs under an account that the server accepts: it refuses to run as root. */
export interface Runner {
  /** For spawn; absent when the programs run under this process's account. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** Makes the account the owner of a file or folder that this process created. */
  readonly give: (path: string) => Promise<void>;
}

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const sameAccount: Runner = { give: () => Promise.resolve() };

/**
 * Chooses the account: the process's own, or as root the owner of an existing cluster, else `postgres`, else `nobody`. A
 * data folder that only root may enter is handed over to it. The server never gets a capability of root's.
 * @throws EmbeddedPostgresError when root has no such account, lacks the capabilities to switch to it, or the account
 * cannot enter a folder above
 */
export async function chooseRunner(folder: DataFolder, binaries: Binaries): Promise<Runner> {
  if (!isRoot) return sameAccount;
  const account = await chooseAccount(folder);
  await requireCapabilities();
  const give = (path: string): Promise<void> => chown(path, account.uid, account.gid);
  const closed = await closedTo(account, folder.root);
  if (closed === folder.root && (await mayBeHandedOver(closed))) await give(closed);
  await assertEnters(account, folder.root, 'Set DATA_DIR to a folder that every account may pass through');
  await assertEnters(
    account,
    binaries.native,
    'Install Latchkey in a folder that every account may pass through',
  );
  return { uid: account.uid, gid: account.gid, give };
}

/** The entries of a data folder: the cluster, its draft and lock, logs, links of libraries, sockets. */
const OWN_ENTRY = /^(?:postgres(?:$|[.-])|run$)/;

/** Whether a folder is root's and holds nothing but the embedded database. */
async function mayBeHandedOver(path: string): Promise<boolean> {
  return (await stat(path)).uid === 0 && (await readdir(path)).every((name) => OWN_ENTRY.test(name));
}

/** @param otherwise the advice, as the beginning of a sentence */
async function assertEnters(account: Account, path: string, otherwise: string): Promise<void> {
  const closed = await closedTo(account, path);
  if (closed === undefined) return;
  throw new EmbeddedPostgresError(
    `PostgreSQL refuses to run as root, and the account "${account.name}" may not enter ${closed}, which ` +
      `${path === closed ? 'the embedded database needs' : `holds ${path}`}. ${otherwise} (such as ` +
      `/var/lib/latchkey), or start Latchkey under an ordinary account. ${USE_YOUR_OWN}`,
  );
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

/**
 * The topmost folder of a path that the account may not enter; undefined where it may enter all. Considers the permission
 * bits and no ACLs.
 */
async function closedTo(account: Account, path: string): Promise<string | undefined> {
  const above = dirname(path) === path ? undefined : await closedTo(account, dirname(path));
  if (above !== undefined) return above;
  const { mode, uid, gid } = await stat(path);
  const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
  return mode & bit ? undefined : path;
}

/** The capabilities that this process needs to change owners, switch accounts, reach its files and signal it, by bit. */
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
