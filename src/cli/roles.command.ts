import type { INestApplicationContext } from '@nestjs/common';
import { OPERATOR } from '../access/principal.js';
import { parseInput } from '../platform/kernel/validation.js';
import { knownRoleName, PutRoleDto, roleName } from '../users/dto/role.dto.js';
import { RolesService } from '../users/roles.service.js';
import { found, none, only } from './arguments.js';
import { EXIT, READS_ONLY, UsageError, type Command } from './command.js';
import { table } from './table.js';

/** The roles, by name, with their scopes. */
export const rolesListCommand: Command = async (args, { json }, { out, withApp }) => {
  none(args);
  return withApp(async (app) => {
    const roles = await app.get(RolesService).list();
    out(
      json
        ? `${JSON.stringify(roles)}\n`
        : table(roles.map(({ name, scopes }) => [name, scopes.join(' ') || '-'])),
    );
    return EXIT.done;
  }, READS_ONLY);
};

/** The same as `PUT /roles/{name}`. */
export const rolesPutCommand: Command = async ([name, ...scopes], { json }, { out, withApp }) => {
  if (name === undefined) throw new UsageError('needs the name of a role, and its scopes');
  const role = roleName(name);
  const input = parseInput(PutRoleDto, { scopes });
  return withApp(async (app) => {
    const changed = await app.get(RolesService).put(OPERATOR, role, input.scopes);
    const words = changed.scopes.join(' ') || 'no scopes';
    out(json ? `${JSON.stringify(changed)}\n` : `The role ${changed.name} has ${words}.\n`);
    return EXIT.done;
  });
};

/** The same as `DELETE /roles/{name}`. */
export const rolesDeleteCommand: Command = async (args, _options, { out, withApp }) => {
  const name = only(args, 'the name of a role');
  return withApp(async (app) => {
    await found('role', name, remove(app, name));
    out(`The role ${name} is deleted.\n`);
    return EXIT.done;
  });
};

async function remove(app: INestApplicationContext, name: string): Promise<void> {
  await app.get(RolesService).delete(OPERATOR, knownRoleName(name));
}
