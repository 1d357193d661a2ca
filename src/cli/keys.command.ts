import { OPERATOR } from '../access/principal.js';
import { SigningKeysService } from '../keys/signing-keys.service.js';
import { keyState } from '../keys/key-rotation.policy.js';
import type { KeyRow } from '../keys/key-row.js';
import { found } from './arguments.js';
import { EXIT, READS_ONLY, type Command } from './command.js';

/** Lists the signing keys with their states and times, without key material. */
export const keysListCommand: Command = async (_args, { json }, { out, withApp }) =>
  withApp(async (app) => {
    const rows = await app.get(SigningKeysService).list();
    const now = Date.now();
    const listed = rows.map((row) => described(row, now));
    out(json ? `${JSON.stringify(listed)}\n` : `${listed.map(line).join('\n')}\n`);
    return EXIT.done;
  }, READS_ONLY);

/** Schedules a successor of the active key, or replaces a compromised key at once. */
export const keysRotateCommand: Command = async (_args, { json, compromised }, { out, withApp }) =>
  withApp(async (app) => {
    const keys = app.get(SigningKeysService);
    const row = await (compromised === undefined
      ? keys.rotate(OPERATOR)
      : found('key', compromised, keys.compromise(compromised, OPERATOR)));
    const planned = described(row, Date.now());
    out(json ? `${JSON.stringify(planned)}\n` : `${line(planned)}\n`);
    return EXIT.done;
  });

function described(row: KeyRow, now: number) {
  const time = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
  return {
    kid: row.kid,
    algorithm: row.algorithm,
    state: keyState(row, now),
    source: row.source,
    active_from: time(row.activeFrom),
    active_until: time(row.activeUntil),
    verify_until: time(row.verifyUntil),
    compromised_at: time(row.compromisedAt),
  };
}

function line(key: ReturnType<typeof described>): string {
  const times = [
    `signs from ${key.active_from}`,
    key.active_until && `until ${key.active_until}`,
    key.verify_until && `verifies until ${key.verify_until}`,
    key.compromised_at && `compromised at ${key.compromised_at}`,
  ];
  return `${key.state.padEnd(9)} ${key.algorithm}  ${key.kid}  ${key.source}  ${times.filter(Boolean).join(', ')}`;
}
