import { z } from 'zod';
import { parseScope } from '../../access/scopes.js';
import { fieldCode } from '../../platform/kernel/validation.js';

/** Strict: a parameter that was misspelt or repeated must not answer 200 to a token that it was meant to refuse. */
export const VerifyQueryDto = z.strictObject({
  scope: z
    .string()
    .max(1000)
    .refine((value) => parseScope(value) !== undefined, fieldCode('invalid_format'))
    .transform((value) => parseScope(value) ?? [])
    .default([])
    .meta({ description: 'Scopes the token must hold, space-separated' }),
  audience: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .meta({ description: 'The application that the token must be for; if absent, any' }),
});
export type VerifyQueryDto = z.output<typeof VerifyQueryDto>;
