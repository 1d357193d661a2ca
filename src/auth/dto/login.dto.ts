import { z } from 'zod';
import { text } from '../../platform/kernel/validation.js';
import { PASSWORD_MAX, PASSWORD_MIN } from '../../passwords/password-policy.js';
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

/** The password policy decides; this only tells of it in the document. */
const newPasswordField = passwordField.meta({
  description: 'Any characters, but none of the most common passwords',
  minLength: PASSWORD_MIN,
  maxLength: PASSWORD_MAX,
});

export const RegisterDto = z
  .strictObject({
    email: emailField,
    password: newPasswordField,
    username: usernameField.optional(),
    full_name: fullNameField.optional(),
  })
  .meta({ id: 'Register' });
export type RegisterDto = z.output<typeof RegisterDto>;

export const ChangePasswordDto = z
  .strictObject({
    current_password: passwordField,
    new_password: newPasswordField.meta({ examples: ['staple battery horse correct'] }),
  })
  .meta({ id: 'ChangePassword' });
export type ChangePasswordDto = z.output<typeof ChangePasswordDto>;
