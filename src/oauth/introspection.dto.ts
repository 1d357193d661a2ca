import { z } from 'zod';

/** RFC 7662 section 2.2. A token that is not active has no other member. */
export const IntrospectionDto = z
  .object({
    active: z.boolean().meta({ description: 'Whether the token is good now', examples: [true] }),
    scope: z
      .string()
      .optional()
      .meta({ description: 'Space-separated; of access tokens only', examples: ['tasks:read'] }),
    client_id: z
      .string()
      .optional()
      .meta({ description: 'Whom it was issued to', examples: ['first-party'] }),
    token_type: z
      .enum(['bearer', 'refresh_token'])
      .optional()
      .meta({ description: 'Look at it: a refresh token is no access token', examples: ['bearer'] }),
    exp: z.int().optional().meta({ description: 'Unix seconds' }),
    iat: z.int().optional().meta({ description: 'Unix seconds' }),
    sub: z.string().optional().meta({ description: 'The id of the user, or of the client itself' }),
    aud: z
      .union([z.string(), z.array(z.string()).readonly()])
      .optional()
      .meta({ examples: ['latchkey'] }),
    iss: z
      .string()
      .optional()
      .meta({ examples: ['http://localhost:3000'] }),
    jti: z.string().optional(),
    sid: z.string().optional().meta({ description: 'The session, or the grant to a client' }),
  })
  .meta({ id: 'Introspection' });
export type IntrospectionDto = z.output<typeof IntrospectionDto>;
