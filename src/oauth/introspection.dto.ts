import { z } from 'zod';

/** RFC 7662 section 2.2. For a token that is not active, `active` is the only member. */
export const IntrospectionDto = z
  .object({
    active: z.boolean().meta({ description: 'Whether the token is valid now', examples: [true] }),
    scope: z
      .string()
      .optional()
      .meta({ description: 'Space-separated; access tokens only', examples: ['tasks:read'] }),
    client_id: z
      .string()
      .optional()
      .meta({ description: 'The client that the token was issued to', examples: ['first-party'] }),
    token_type: z
      .enum(['bearer', 'refresh_token'])
      .optional()
      .meta({
        description: 'Check it: a refresh token must not be accepted as an access token',
        examples: ['bearer'],
      }),
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
    sid: z.string().optional().meta({ description: 'The session of a user, or the grant of a client' }),
  })
  .meta({ id: 'Introspection' });
export type IntrospectionDto = z.output<typeof IntrospectionDto>;
