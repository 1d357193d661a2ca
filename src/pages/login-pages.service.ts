import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { originOf } from '../access/origin.decorator.js';
import { RegistrationService } from '../accounts/registration.service.js';
import { CredentialsService } from '../auth/credentials.service.js';
import { BrowserCookie } from '../browser/browser-cookie.js';
import { BrowserSessions } from '../browser/browser-sessions.service.js';
import { returnPath } from '../browser/return-to.js';
import { DEVICE_COOKIE, KnownDevices } from '../limits/known-devices.js';
import { cookieOf, setCookie } from '../platform/http/cookies.js';
import { AppError } from '../platform/kernel/app-error.js';
import { passwordField } from '../users/identity.js';
import { faultsOf, readForm, sentText } from './page-form.js';
import { PageRenderer } from './page-renderer.js';
import type { FormFaults } from '../views/view.js';

const LoginForm = z.strictObject({
  username: z.string().max(254),
  password: passwordField,
  remember: z.literal('on').optional(),
  return_to: z.string().optional(),
});

/** The credentials of a login form that was checked. */
interface Credentials {
  readonly username: string;
  readonly password: string;
  readonly remember: boolean;
}

interface LoginForm {
  readonly username: string;
  readonly remember: boolean;
  readonly returnTo: string | undefined;
  readonly faults?: FormFaults;
}

/** Shows the login form, checks what it sends, and opens the browser's session. */
@Injectable()
export class LoginPages {
  constructor(
    private readonly pages: PageRenderer,
    private readonly credentials: CredentialsService,
    private readonly sessions: BrowserSessions,
    private readonly cookie: BrowserCookie,
    private readonly devices: KnownDevices,
    private readonly registration: RegistrationService,
  ) {}

  async show(request: FastifyRequest, reply: FastifyReply, form: LoginForm): Promise<void> {
    const { faults, ...values } = form;
    const notice = values.returnTo === undefined ? undefined : this.pages.texts(request).login.ended;
    const registrationOpen = await this.registration.isOpen();
    const content = { ...values, registrationOpen, notice, faults };
    return this.pages.send(request, reply, 'login', content, faults ? 422 : 200);
  }

  /** @throws AppError `malformed_request`, `too_many_attempts`, `overloaded`, `unavailable` */
  async logIn(request: FastifyRequest, reply: FastifyReply, body: unknown): Promise<void> {
    const form = await readForm(LoginForm, body);
    const returnTo = returnPath(sentText(body, 'return_to'));
    const texts = this.pages.texts(request);
    const refused = {
      username: sentText(body, 'username'),
      remember: sentText(body, 'remember') === 'on',
      returnTo,
    };
    if ('errors' in form)
      return this.show(request, reply, { ...refused, faults: faultsOf(texts, form.errors) });
    try {
      await this.open(request, reply, { ...form.value, remember: form.value.remember === 'on' });
    } catch (error) {
      const message = messageOf(error, texts.login);
      return this.show(request, reply, { ...refused, faults: faultsOf(texts, [], message) });
    }
    this.pages.redirect(reply, returnTo ?? '/account');
  }

  /**
   * Checks the credentials, opens a session and sets its cookie. A session that the browser had before ends.
   * @throws AppError `invalid_credentials`, `account_disabled`, `too_many_attempts`, `overloaded`
   */
  async open(request: FastifyRequest, reply: FastifyReply, credentials: Credentials): Promise<void> {
    const { username, password, remember } = credentials;
    const origin = originOf(request);
    const deviceCookie = cookieOf(request, DEVICE_COOKIE);
    const login = await this.credentials.check({ username, password, ip: origin.ip, deviceCookie });
    const former = request.browserSession?.principal;
    const { token, maxAgeSeconds } = await this.sessions.open(login, origin, { remember, former });
    this.cookie.set(reply, token, maxAgeSeconds);
    setCookie(reply, this.devices.cookieFor(login));
  }
}

/** The sentence for a refused login. @throws every other error */
function messageOf(error: unknown, texts: { readonly failed: string; readonly disabled: string }): string {
  if (error instanceof AppError && error.code === 'invalid_credentials') return texts.failed;
  if (error instanceof AppError && error.code === 'account_disabled') return texts.disabled;
  throw error;
}
