import { z } from 'zod';
import { emailField, fullNameField, usernameField } from '../../users/identity.js';
import { newPasswordField, notMadeOfNames } from './password.dto.js';

/** The fields of a new account. */
export const registrationFields = {
  email: emailField,
  password: newPasswordField,
  username: usernameField.optional(),
  full_name: fullNameField.optional(),
};

export const RegisterDto = z.strictObject(registrationFields).check(notMadeOfNames).meta({ id: 'Register' });
export type RegisterDto = z.output<typeof RegisterDto>;
