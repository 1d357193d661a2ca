import { z } from 'zod';
import { PASSWORD_MAX, PASSWORD_MIN } from '../../passwords/password-policy.js';
import { passwordField } from '../../users/identity.js';

/** A new password. The password policy checks it; this field only describes it in the document. */
export const newPasswordField = passwordField.meta({
  description: 'Any characters, but none of the most common passwords',
  minLength: PASSWORD_MIN,
  maxLength: PASSWORD_MAX,
});

export const ChangePasswordDto = z
  .strictObject({
    current_password: passwordField,
    new_password: newPasswordField.meta({ examples: ['staple battery horse correct'] }),
  })
  .meta({ id: 'ChangePassword' });
export type ChangePasswordDto = z.output<typeof ChangePasswordDto>;
