import { z } from 'zod';
import { emailField, fullNameField, usernameField } from '../../users/identity.js';
import { newPasswordField } from './password.dto.js';

export const RegisterDto = z
  .strictObject({
    email: emailField,
    password: newPasswordField,
    username: usernameField.optional(),
    full_name: fullNameField.optional(),
  })
  .meta({ id: 'Register' });
export type RegisterDto = z.output<typeof RegisterDto>;
