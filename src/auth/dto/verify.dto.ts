import { z } from 'zod';
import { parseScope } from '../../access/scopes.js';
import { fieldCode } from '../../platform/kernel/validation.js';

export const VerifyQueryDto = z.object({
  scope: z
    .string()
    .max(1000)
    .refine((value) => parseScope(value) !== undefined, fieldCode('invalid_format'))
    .transform((value) => parseScope(value) ?? [])
    .default([])
    .meta({ description: 'Scopes the token must hold, space-separated' }),
});
export type VerifyQueryDto = z.output<typeof VerifyQueryDto>;
