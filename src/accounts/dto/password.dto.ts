import { z } from 'zod';
import {
  isMadeOfNames,
  PASSWORD_MAX,
  PASSWORD_MIN,
  passwordFault,
  type Identity,
} from '../../passwords/password-policy.js';
import { fieldCode, isCleanText } from '../../platform/kernel/validation.js';
import { passwordField } from '../../users/identity.js';

/** A new password, with the faults that it has by itself. Asynchronous: parse it with `parseInputAsync`. */
export const newPasswordField = z
  .string()
  .refine(isCleanText, { ...fieldCode('control_character'), abort: true })
  .check(async (context) => {
    const fault = await passwordFault(context.value);
    if (!fault) return;
    const issue = { code: 'custom', input: context.value, message: fault.code } as const;
    context.issues.push({ ...issue, ...fieldCode(fault.code, fault.allowed) });
  })
  .meta({
    format: 'password',
    examples: ['correct horse battery staple'],
    description: 'Any characters, but no password of published breaches, and none made of your own names',
    minLength: PASSWORD_MIN,
    maxLength: PASSWORD_MAX,
  });

/** For an object with a new password and the names of its owner: reports the password beside all other faults. */
export const notMadeOfNames = z.refine(isNotMadeOfNames, {
  ...fieldCode('contains_identity'),
  path: ['password'],
  when: () => true,
});

export const ChangePasswordDto = z
  .strictObject({
    current_password: passwordField,
    new_password: newPasswordField.meta({ examples: ['staple battery horse correct'] }),
  })
  .meta({ id: 'ChangePassword' });
export type ChangePasswordDto = z.output<typeof ChangePasswordDto>;

/** The value may have any form, because other fields may be faulty. */
function isNotMadeOfNames(value: unknown): boolean {
  const { password, email, username, full_name: fullName } = Object(value) as Record<string, unknown>;
  const name = (text: unknown): string | undefined => (typeof text === 'string' ? text : undefined);
  const identity: Identity = { email: name(email), username: name(username), fullName: name(fullName) };
  return typeof password !== 'string' || password === '' || !isMadeOfNames(password, identity);
}
