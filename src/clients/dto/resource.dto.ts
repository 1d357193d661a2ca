import { z } from 'zod';
import { isServiceScope } from '../../access/scopes.js';
import { isIdentifier } from '../../platform/config/urls.js';
import { AppError } from '../../platform/kernel/app-error.js';
import { fieldCode, parseInput, text } from '../../platform/kernel/validation.js';
import { scopeField } from '../../users/dto/role.dto.js';
import type { Resource } from '../resource.entity.js';

const SCOPES_MAX = 100;

const idField = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[a-z0-9._-]+$/);

export const PutResourceDto = z
  .strictObject({
    identifier: z
      .string()
      .min(1)
      .max(255)
      .refine(isIdentifier, fieldCode('invalid_format'))
      .meta({
        description: 'The `aud` of its tokens: its URL, or a name',
        examples: ['https://tasks.example.org'],
      }),
    name: text({ max: 100 }).meta({ examples: ['Tasks'] }),
    scopes: z
      .array(scopeField.refine((scope) => !isServiceScope(scope), fieldCode('invalid_format')))
      .max(SCOPES_MAX)
      .default([])
      .meta({
        description: 'The scopes that its tokens may carry; none for every application scope',
        default: [],
      }),
  })
  .meta({
    id: 'PutResource',
    examples: [{ identifier: 'https://tasks.example.org', name: 'Tasks', scopes: ['tasks:read'] }],
  });
export type PutResourceDto = z.output<typeof PutResourceDto>;

export const ResourceDto = z
  .object({
    id: z.string().meta({ examples: ['tasks'] }),
    identifier: z.string().meta({ examples: ['https://tasks.example.org'] }),
    name: z.string().meta({ examples: ['Tasks'] }),
    scopes: z.array(z.string()).meta({ examples: [['tasks:read']] }),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Resource' });
export type ResourceDto = z.output<typeof ResourceDto>;

export function toResourceDto({ id, identifier, name, scopes, createdAt, updatedAt }: Resource): ResourceDto {
  const times = { created_at: createdAt.toISOString(), updated_at: updatedAt.toISOString() };
  return { id, identifier, name, scopes, ...times };
}

/** The id of a resource that may be new. @throws AppError `validation_failed` */
export function resourceId(id: string): string {
  return parseInput(z.object({ id: idField }), { id }).id;
}

/** The id of an existing resource. @throws AppError `not_found` where no resource can have it */
export function knownResourceId(id: string): string {
  if (!idField.safeParse(id).success) throw new AppError('not_found');
  return id;
}
