import { z } from 'zod';
import { text } from '../platform/kernel/validation.js';

/** RFC 6749 section 2.3.1: where the client does not send Basic credentials. The guard reads them. */
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
 * RFC 6749 sections 4.3.2, 4.4.2 and 6, for all grants at once: what a grant needs is checked when it is known. Parameters
 * the service does not know are ignored (section 3.2), one given twice is refused.
 */
export const TokenRequestDto = z
  .object({
    grant_type: z
      .string()
      .max(100)
      .optional()
      .meta({
        description:
          '`password` (also where absent, if username and password are there), `refresh_token` or `client_credentials`',
        examples: ['password'],
      }),
    username: text({ max: 254 })
      .optional()
      .meta({ examples: ['ada@example.com'] }),
    password: text({ max: 4096 })
      .optional()
      .meta({ format: 'password', examples: ['correct horse battery staple'] }),
    // Empty examples: the documentation's form would send "string" for the fields that this grant does not take.
    refresh_token: z
      .string()
      .max(16_384)
      .optional()
      .meta({ examples: [''] }),
    scope: z
      .string()
      .max(1000)
      .optional()
      .meta({ description: 'Space-separated; less than the user or client has', examples: [''] }),
    ...clientFields,
  })
  .meta({ id: 'TokenRequest' });
export type TokenRequestDto = z.output<typeof TokenRequestDto>;
