import { z } from 'zod';
import { isReservedScope, parseScope } from '../../access/scopes.js';
import { AppError } from '../../platform/kernel/app-error.js';
import { fieldCode, parseInput } from '../../platform/kernel/validation.js';

const ROLE_NAME_MAX = 64;
const ROLES_MAX = 100;
const SCOPE_MAX = 128;
const SCOPES_MAX = 100;

const roleNameField = z
  .string()
  .min(1)
  .max(ROLE_NAME_MAX)
  .regex(/^[a-z0-9._-]+$/);

/** The roles of a user; a role named twice counts once. */
export const rolesField = z
  .array(roleNameField)
  .max(ROLES_MAX)
  .transform((names) => [...new Set(names)])
  .meta({ description: 'Names of existing roles', examples: [['user']] });

/** One scope-token (RFC 6749 section 3.3), so without a space. */
export const scopeField = z
  .string()
  .min(1)
  .max(SCOPE_MAX)
  .refine((scope) => parseScope(scope)?.length === 1, fieldCode('invalid_format'))
  .refine((scope) => !isReservedScope(scope), fieldCode('invalid_format'));

export const RoleDto = z
  .object({
    name: z.string().meta({ examples: ['support'] }),
    scopes: z.array(z.string()).meta({ examples: [['users:read', 'tasks:delete']] }),
  })
  .meta({ id: 'Role' });
export type RoleDto = z.output<typeof RoleDto>;

/** The scopes of a role or a client. */
export const scopesField = z
  .array(scopeField)
  .max(SCOPES_MAX)
  .meta({ description: 'Scopes of this service, and of your applications' });

export const PutRoleDto = z
  .strictObject({ scopes: scopesField })
  .meta({ id: 'PutRole', examples: [{ scopes: ['users:read', 'tasks:delete'] }] });
export type PutRoleDto = z.output<typeof PutRoleDto>;

/** The name of a role that may be new. @throws AppError `validation_failed` */
export function roleName(name: string): string {
  return parseInput(z.object({ name: roleNameField }), { name }).name;
}

/** The name of an existing role. @throws AppError `not_found` where no role can have it */
export function knownRoleName(name: string): string {
  if (!roleNameField.safeParse(name).success) throw new AppError('not_found');
  return name;
}
