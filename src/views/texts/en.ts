import type { FieldCode } from '../../platform/kernel/error-codes.js';

/** The texts of the pages in English. Every other language has the same keys, which the compiler checks. */
export const en = {
  language: 'en' as string,
  home: {
    title: 'Welcome',
    lead: (brand: string) => `Sign in to ${brand}, or read how applications use it.`,
    docs: 'API documentation',
  },
  login: {
    title: 'Sign in',
    username: 'E-mail address or user name',
    password: 'Password',
    remember: 'Keep me signed in on this device',
    submit: 'Sign in',
    register: 'Create an account',
    newHere: 'New here?',
    failed: 'The name and the password do not match. Check both, and try again.',
    disabled: 'This account is disabled. Ask an administrator to enable it.',
    ended: 'Your session has ended. Sign in again to go on.',
  },
  register: {
    title: 'Create an account',
    email: 'E-mail address',
    username: 'User name',
    usernameHint: 'Optional. You can sign in with it instead of the address.',
    fullName: 'Name',
    fullNameHint: 'Optional.',
    password: 'Password',
    passwordHint: 'At least 8 characters. A sentence that only you know is a good one.',
    submit: 'Create account',
    haveAccount: 'Already have an account?',
    closed: 'Registration is closed. Ask an administrator for an account.',
    emailTaken: 'An account has this address already. Sign in, or use another address.',
    usernameTaken: 'This user name is taken. Choose another one.',
  },
  logout: {
    title: 'Sign out',
    lead: (name: string) => `You are signed in as ${name}.`,
    submit: 'Sign out',
    stay: 'Back to the account',
    done: 'You are signed out.',
  },
  account: {
    title: 'Your account',
    signedInAs: (name: string) => `Signed in as ${name}`,
    signOut: 'Sign out',
    profile: 'Profile',
    email: 'E-mail address',
    emailUnproved: 'not proved yet',
    emailProved: 'proved',
    username: 'User name',
    fullName: 'Name',
    saveProfile: 'Save',
    profileSaved: 'Your profile is saved.',
    password: 'Password',
    currentPassword: 'Current password',
    newPassword: 'New password',
    changePassword: 'Change password',
    passwordChanged: 'Your password is changed. Every other session of yours has ended.',
    passwordWrong: 'This is not your current password.',
    sessions: 'Where you are signed in',
    sessionsLead: 'If you do not know one of these, end it and change your password.',
    thisDevice: 'this session',
    lastUsed: (time: string) => `last used ${time}`,
    since: (time: string) => `since ${time}`,
    unknownDevice: 'unknown device',
    unknownPlace: 'unknown address',
    end: 'End',
    endLabel: (device: string) => `End the session on ${device}`,
    endOthers: 'End all other sessions',
    sessionEnded: 'The session has ended.',
    othersEnded: 'All other sessions have ended.',
    more: (count: number) =>
      count === 1 ? 'One more session is not shown.' : `${count} more sessions are not shown.`,
    roles: 'Roles',
    noRoles: 'none',
    mustChangePassword: 'Choose a new password before you go on: the one you have was made for you.',
  },
  me: {
    title: 'Who you are',
    id: 'User id',
    scopes: 'Scopes',
    noScopes: 'none',
    memberSince: 'Account since',
  },
  errors: {
    title: 'This did not work',
    summary: 'Check the marked fields',
    back: 'Back to the start',
    requestId: (id: string) => `Request ${id}`,
    notFound: 'There is no page at this address.',
    methodNotAllowed: 'This page does not take what was sent to it.',
    crossOrigin:
      'The form was sent from another page, or the browser hid where it came from. Open the page again here and send the form from it.',
    forbidden: 'Your account may not do this.',
    tooLarge: 'The form is too large.',
    mediaType: 'The form was sent in a way that this page does not read.',
    tooMany: (wait: string) => `Too many attempts. Try again in ${wait}.`,
    unavailable: 'The service is busy or cannot reach its database. Try again in a moment.',
    malformed: 'The form could not be read. Open the page again and send it once more.',
    internal:
      'Something went wrong on our side. An administrator finds the cause in the log under the request below.',
  },
  fields: {
    required: 'Fill in this field.',
    wrong_type: 'This value has the wrong form.',
    too_short: 'This is too short.',
    too_long: 'This is too long.',
    out_of_range: 'This number is out of range.',
    invalid_format: 'This value has the wrong form.',
    control_character: 'This holds a character that cannot be used here.',
    unknown_field: 'This field is not known.',
    unknown_role: 'This role does not exist.',
    unknown_resource: 'This resource does not exist.',
    taken: 'An account has this already. Choose another one.',
    unchanged: 'The new password is the current one. Choose another one.',
    too_common: 'Many people use this password. Choose another one.',
    contains_identity:
      'The password must not be made of your name, your address or the name of this service.',
  } satisfies Record<FieldCode, string> as Record<FieldCode, string>,
  seconds: (count: number) => (count === 1 ? '1 second' : `${count} seconds`),
  minutes: (count: number) => (count === 1 ? '1 minute' : `${count} minutes`),
};

type Loose<T> = T extends string
  ? string
  : T extends (...args: infer A) => string
    ? (...args: A) => string
    : { readonly [K in keyof T]: Loose<T[K]> };

/** The texts of one language. */
export type Texts = Loose<typeof en>;
