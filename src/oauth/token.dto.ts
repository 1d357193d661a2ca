import { z } from 'zod';
import { resourceParameter, scopeParameter } from '../access/asked.dto.js';
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
    scope: scopeParameter.meta({
      description: 'Space-separated scopes of one audience; fewer than the user or client has',
      examples: [''],
    }),
    resource: resourceParameter.meta({
      description: 'RFC 8707: the audience of the tokens, this service (its issuer) or an application',
      examples: [''],
    }),
    ...clientFields,
  })
  .meta({ id: 'TokenRequest' });
export type TokenRequestDto = z.output<typeof TokenRequestDto>;
