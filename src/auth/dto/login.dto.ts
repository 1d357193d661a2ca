import { z } from 'zod';
import { resourceParameter, scopeParameter } from '../../access/asked.dto.js';
import { text } from '../../platform/kernel/validation.js';
import { passwordField } from '../../users/identity.js';

export const LoginDto = z
  .strictObject({
    /** An e-mail address or a user name. */
    username: text({ max: 254, trim: true }).meta({
      description: 'E-mail address or user name',
      examples: ['ada@example.com'],
    }),
    password: passwordField,
    scope: scopeParameter.meta({
      description:
        'Space-separated scopes of one audience. Those of this service get a token for this service; others, a token for ' +
        'an application',
      examples: ['users:read'],
    }),
    resource: resourceParameter.meta({
      description: 'The audience of the tokens: the issuer for this service, or an application',
      examples: ['latchkey'],
    }),
  })
  .meta({
    id: 'Login',
    examples: [{ username: 'ada@example.com', password: 'correct horse battery staple' }],
  });
export type LoginDto = z.output<typeof LoginDto>;
