import { z } from 'zod';
import { clientFields } from './token.dto.js';

/**
 * RFC 7009 section 2.1 and RFC 7662 section 2.1. Unknown parameters are ignored, and so is `token_type_hint`: the service
 * tells the types apart by the token.
 */
export const PresentedTokenDto = z
  .object({
    token: z
      .string()
      .min(1)
      .max(16_384)
      .meta({ description: 'An access or a refresh token', examples: ['the token in question'] }),
    token_type_hint: z
      .string()
      .max(100)
      .optional()
      .meta({ examples: ['access_token'] }),
    ...clientFields,
  })
  .meta({ id: 'PresentedToken' });
export type PresentedTokenDto = z.output<typeof PresentedTokenDto>;
