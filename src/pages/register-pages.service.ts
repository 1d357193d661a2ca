import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { originOf } from '../access/origin.decorator.js';
import { RegisterDto } from '../accounts/dto/register.dto.js';
import { RegistrationService } from '../accounts/registration.service.js';
import { AppError } from '../platform/kernel/app-error.js';
import { LoginPages } from './login-pages.service.js';
import { faultsOf, readForm, sentText } from './page-form.js';
import { PageRenderer } from './page-renderer.js';
import type { Texts } from '../views/texts/en.js';
import type { FormFaults } from '../views/view.js';

/** Shows the form for a new account, creates the account, and signs its owner in. */
@Injectable()
export class RegisterPages {
  constructor(
    private readonly pages: PageRenderer,
    private readonly registration: RegistrationService,
    private readonly logins: LoginPages,
  ) {}

  /** @param body the refused form */
  async show(
    request: FastifyRequest,
    reply: FastifyReply,
    body?: unknown,
    faults?: FormFaults,
  ): Promise<void> {
    if (!(await this.registration.isOpen())) return this.sendClosed(request, reply);
    const [email, username, fullName] = ['email', 'username', 'full_name'].map((name) =>
      sentText(body, name),
    ) as [string, string, string];
    const content = { email, username, fullName, faults };
    return this.pages.send(request, reply, 'register', content, faults ? 422 : 200);
  }

  /** @throws AppError `malformed_request`, `too_many_attempts`, `overloaded`, `unavailable` */
  async register(request: FastifyRequest, reply: FastifyReply, body: unknown): Promise<void> {
    const texts = this.pages.texts(request);
    const form = await readForm(RegisterDto, body);
    if ('errors' in form) return this.show(request, reply, body, faultsOf(texts, form.errors));
    const { full_name: fullName, ...input } = form.value;
    try {
      await this.registration.register({ ...input, fullName }, originOf(request));
    } catch (error) {
      return this.show(request, reply, body, faultsOfRefusal(error, texts));
    }
    const { email: username, password } = form.value;
    await this.logins.open(request, reply, { username, password, remember: false });
    this.pages.redirect(reply, '/account');
  }

  private sendClosed(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const message = this.pages.texts(request).register.closed;
    return this.pages.send(request, reply, 'message', { message, requestId: request.id }, 403);
  }
}

/** The faults of a refused registration. @throws every other error */
function faultsOfRefusal(error: unknown, texts: Texts): FormFaults {
  if (!(error instanceof AppError)) throw error;
  switch (error.code) {
    case 'validation_failed':
      return faultsOf(texts, error.errors ?? []);
    case 'email_taken':
      return { fields: { email: texts.register.emailTaken } };
    case 'username_taken':
      return { fields: { username: texts.register.usernameTaken } };
    case 'registration_closed':
      return { message: texts.register.closed, fields: {} };
    default:
      throw error;
  }
}
