import { z } from 'zod';
import { text } from '../platform/kernel/validation.js';

/** Client credentials in the form (RFC 6749 section 2.3.1), instead of a Basic header. ClientGuard reads them. */
export const clientFields = {
  client_id: z
    .string()
    .max(100)
    .optional()
    .meta({ examples: [''] }),
  client_secret: z
    .string()
    .max(1000)
    .optional()
    .meta({ format: 'password', examples: [''] }),
};

/**
 * The parameters of every grant (RFC 6749 sections 4.3.2, 4.4.2 and 6). TokenEndpointService checks those that a grant
 * requires. Unknown parameters are ignored; a parameter given twice is refused (section 3.2).
 */
export const TokenRequestDto = z
  .object({
    grant_type: z
      .string()
      .max(100)
      .optional()
      .meta({
        description: 'One of the grants above; `password` if absent beside username and password',
        examples: ['password'],
      }),
    username: text({ max: 254, trim: true })
      .optional()
      .meta({ examples: ['ada@example.com'] }),
    password: text({ max: 4096 })
      .optional()
      .meta({ format: 'password', examples: ['correct horse battery staple'] }),
    // Empty examples: Swagger UI would send "string" for the fields that the password grant ignores.
    refresh_token: z
      .string()
      .max(16_384)
      .optional()
      .meta({ examples: [''] }),
    scope: z
      .string()
      .max(1000)
      .optional()
      .meta({ description: 'Space-separated; fewer scopes than the user or client has', examples: [''] }),
    ...clientFields,
  })
  .meta({ id: 'TokenRequest' });
export type TokenRequestDto = z.output<typeof TokenRequestDto>;
