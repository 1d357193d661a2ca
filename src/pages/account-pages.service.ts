import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { UserPrincipal } from '../access/principal.js';
import { newPasswordField } from '../accounts/dto/password.dto.js';
import { OwnPasswordService } from '../accounts/own-password.service.js';
import { ProfileService } from '../accounts/profile.service.js';
import { AppError, type FieldError } from '../platform/kernel/app-error.js';
import { Clock } from '../platform/kernel/clock.js';
import { SessionsService } from '../sessions/sessions.service.js';
import type { SessionSummary } from '../sessions/session-records.js';
import { fullNameField, passwordField, usernameField } from '../users/identity.js';
import type { UserRecord } from '../users/user-records.js';
import { UsersService } from '../users/users.service.js';
import { faultsOf, readForm, sentText } from './page-form.js';
import { PageRenderer } from './page-renderer.js';
import type { Texts } from '../views/texts/en.js';
import type { FormFaults } from '../views/view.js';
import { ago, day, deviceOf } from './words.js';

/** How many sessions the page lists, the newest first. */
const SESSIONS_SHOWN = 100;

const ProfileForm = z.strictObject({
  full_name: fullNameField.nullable().default(null),
  username: usernameField.nullable().default(null),
});
const PasswordForm = z.strictObject({ current_password: passwordField, password: newPasswordField });

/** What was just done, as the address of the page says it after a form. */
export type Done = 'profile' | 'password' | 'session' | 'sessions';

/** The parts of the account page that a refused form changes. */
interface Refused {
  readonly profile?: { readonly username: string; readonly fullName: string; readonly faults: FormFaults };
  readonly passwordFaults?: FormFaults;
}

/** The account page and its forms. */
@Injectable()
export class AccountPages {
  constructor(
    private readonly pages: PageRenderer,
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly profiles: ProfileService,
    private readonly passwords: OwnPasswordService,
    private readonly clock: Clock,
  ) {}

  async show(
    principal: UserPrincipal,
    request: FastifyRequest,
    reply: FastifyReply,
    { done, refused = {} }: { readonly done?: unknown; readonly refused?: Refused } = {},
  ): Promise<void> {
    const { userId, sessionId } = principal;
    const texts = this.pages.texts(request);
    const [user, { sessions, total }] = await Promise.all([
      this.users.get(userId),
      this.sessions.list(userId, { limit: SESSIONS_SHOWN, offset: 0 }),
    ]);
    const content = {
      ...profileOf(user, refused),
      sessions: await this.lines(texts, sessions, sessionId),
      moreSessions: total - sessions.length,
      mustChangePassword: user.passwordChangeRequired,
      notice: noticeOf(texts, done),
      passwordFaults: refused.passwordFaults,
    };
    const isRefused = refused.profile !== undefined || refused.passwordFaults !== undefined;
    return this.pages.send(request, reply, 'account', content, isRefused ? 422 : 200);
  }

  /** @throws AppError `malformed_request`, `too_many_attempts` */
  async changeProfile(
    principal: UserPrincipal,
    request: FastifyRequest,
    reply: FastifyReply,
    body: unknown,
  ): Promise<void> {
    const form = await readForm(ProfileForm, body);
    const [username, fullName] = [sentText(body, 'username'), sentText(body, 'full_name')];
    const faults =
      'errors' in form
        ? faultsOf(this.pages.texts(request), form.errors)
        : await this.profileFaults(principal, request, form.value);
    if (!faults) return this.pages.redirect(reply, '/account?done=profile');
    return this.show(principal, request, reply, { refused: { profile: { username, fullName, faults } } });
  }

  /** @throws AppError `malformed_request`, `too_many_attempts`, `overloaded` */
  async changePassword(
    principal: UserPrincipal,
    request: FastifyRequest,
    reply: FastifyReply,
    body: unknown,
  ): Promise<void> {
    const form = await readForm(PasswordForm, body);
    const passwordFaults =
      'errors' in form
        ? faultsOf(this.pages.texts(request), form.errors)
        : await this.passwordFaults(principal, request, form.value);
    if (!passwordFaults) return this.pages.redirect(reply, '/account?done=password');
    return this.show(principal, request, reply, { refused: { passwordFaults } });
  }

  private async profileFaults(
    principal: UserPrincipal,
    request: FastifyRequest,
    { full_name: fullName, username }: z.output<typeof ProfileForm>,
  ): Promise<FormFaults | undefined> {
    try {
      await this.profiles.change(principal, { fullName, username });
      return undefined;
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'username_taken')) throw error;
      return { fields: { username: this.pages.texts(request).register.usernameTaken } };
    }
  }

  private async passwordFaults(
    principal: UserPrincipal,
    request: FastifyRequest,
    form: z.output<typeof PasswordForm>,
  ): Promise<FormFaults | undefined> {
    const texts = this.pages.texts(request);
    try {
      const change = { currentPassword: form.current_password, newPassword: form.password };
      await this.passwords.change(principal, change);
      return undefined;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.code === 'invalid_credentials')
        return { fields: { current_password: texts.account.passwordWrong } };
      if (error.code === 'validation_failed') return faultsOf(texts, (error.errors ?? []).map(ofThisForm));
      throw error;
    }
  }

  private async lines(texts: Texts, sessions: readonly SessionSummary[], currentId: string) {
    const now = this.clock.now();
    const lines = sessions.map(async ({ id, ip, userAgent, lastUsedAt, createdAt }) => ({
      id,
      current: id === currentId,
      device: (await deviceOf(userAgent)) ?? texts.account.unknownDevice,
      place: ip ?? texts.account.unknownPlace,
      lastUsed: ago(texts, lastUsedAt, now),
      since: day(texts, createdAt),
    }));
    // The session at hand first, then the newest.
    return (await Promise.all(lines))
      .toReversed()
      .sort((one, other) => Number(other.current) - Number(one.current));
  }
}

function profileOf(
  { email, emailVerified, username, fullName, roles }: UserRecord,
  { profile: refused }: Refused,
) {
  return {
    name: fullName ?? username ?? email,
    profile: {
      email,
      emailVerified,
      roles,
      username: refused?.username ?? username ?? '',
      fullName: refused?.fullName ?? fullName ?? '',
    },
    profileFaults: refused?.faults,
  };
}

/** The API calls the field of the new password `new_password`, the form `password`. */
function ofThisForm(error: FieldError): FieldError {
  return error.field === 'new_password' ? { ...error, field: 'password' } : error;
}

function noticeOf({ account }: Texts, done: unknown): string | undefined {
  const notices: Readonly<Record<Done, string>> = {
    profile: account.profileSaved,
    password: account.passwordChanged,
    session: account.sessionEnded,
    sessions: account.othersEnded,
  };
  return typeof done === 'string' && Object.hasOwn(notices, done) ? notices[done as Done] : undefined;
}
