import { z } from 'zod';
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
  })
  .meta({ id: 'Login' });
export type LoginDto = z.output<typeof LoginDto>;
