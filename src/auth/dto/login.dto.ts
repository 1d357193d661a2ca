import { z } from 'zod';
import { text } from '../../kernel/validation.js';
import { emailField, fullNameField, passwordField, usernameField } from '../../users/identity.js';

export const LoginDto = z
  .strictObject({
    /** An e-mail address or a user name. */
    username: text({ max: 254 }).meta({
      description: 'E-mail address or user name',
      examples: ['ada@example.com'],
    }),
    password: passwordField,
  })
  .meta({ id: 'Login' });
export type LoginDto = z.output<typeof LoginDto>;

export const RegisterDto = z
  .strictObject({
    email: emailField,
    password: passwordField,
    username: usernameField.optional(),
    full_name: fullNameField.optional(),
  })
  .meta({ id: 'Register' });
export type RegisterDto = z.output<typeof RegisterDto>;

export const ChangePasswordDto = z
  .strictObject({ current_password: passwordField, new_password: passwordField })
  .meta({ id: 'ChangePassword' });
export type ChangePasswordDto = z.output<typeof ChangePasswordDto>;
