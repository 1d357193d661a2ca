import { z } from 'zod';
import { emailField, fullNameField, usernameField } from '../identity.js';
import type { UserRecord } from '../user-records.js';

/** A user in answers of the API. */
export const UserDto = z
  .object({
    id: z.uuid().meta({ examples: ['019a0c5e-7b1a-7c3e-9f00-0a1b2c3d4e5f'] }),
    email: z.string().meta({ examples: ['ada@example.com'] }),
    email_verified: z
      .boolean()
      .meta({ description: 'Whether the user has proved that the address is theirs', examples: [false] }),
    username: z
      .string()
      .nullable()
      .meta({ examples: ['ada'] }),
    full_name: z
      .string()
      .nullable()
      .meta({ examples: ['Ada Lovelace'] }),
    roles: z.array(z.string()).meta({ examples: [['user']] }),
    scopes: z.array(z.string()).meta({ examples: [[]] }),
    status: z.enum(['active', 'disabled']),
    created_at: z.iso.datetime().meta({ examples: ['2026-01-01T09:00:00.000Z'] }),
    updated_at: z.iso.datetime().meta({ examples: ['2026-01-01T09:00:00.000Z'] }),
  })
  .meta({ id: 'User' });
export type UserDto = z.output<typeof UserDto>;

/** Picks members by name, so that a new column of the table is not sent to clients unnoticed. */
export function toUserDto(user: UserRecord): UserDto {
  return {
    id: user.id,
    email: user.email,
    email_verified: user.emailVerified,
    username: user.username,
    full_name: user.fullName,
    roles: user.roles,
    scopes: user.scopes,
    status: user.status,
    created_at: user.createdAt.toISOString(),
    updated_at: user.updatedAt.toISOString(),
  };
}

/** The fields of a profile that its owner may change; null removes a name. */
export const ChangeProfileDto = z
  .strictObject({
    email: emailField.optional(),
    username: usernameField.nullable().optional(),
    full_name: fullNameField.nullable().optional(),
  })
  .meta({ id: 'ChangeProfile', examples: [{ full_name: 'Augusta Ada King' }] });
export type ChangeProfileDto = z.output<typeof ChangeProfileDto>;
