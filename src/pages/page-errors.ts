import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AppError } from '../platform/kernel/app-error.js';
import type { ErrorCode } from '../platform/kernel/error-codes.js';
import { asksForJson, readsPages } from './accepts.js';
import { PageRenderer } from './page-renderer.js';
import type { Texts } from '../views/texts/en.js';

type Sentence = Exclude<keyof Texts['errors'], 'requestId' | 'tooMany'>;

const SENTENCES: Partial<Record<ErrorCode, Sentence>> = {
  not_found: 'notFound',
  method_not_allowed: 'methodNotAllowed',
  cross_origin_form: 'crossOrigin',
  insufficient_scope: 'forbidden',
  payload_too_large: 'tooLarge',
  unsupported_media_type: 'mediaType',
  malformed_request: 'malformed',
  validation_failed: 'malformed',
  overloaded: 'unavailable',
  unavailable: 'unavailable',
};

const MINUTE_SECONDS = 60;

/** Answers the errors of page routes: a page for browsers, and the way to the login where a page needs one. */
@Injectable()
export class PageErrors {
  constructor(private readonly pages: PageRenderer) {}

  /**
   * Answers an error of a page route.
   * @returns whether it was answered; other clients get the problem document of the API
   */
  async answer(error: AppError, request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
    if (error.code === 'login_required' && !asksForJson(request)) {
      this.pages.redirect(reply, `/login?return_to=${encodeURIComponent(this.pathToReturnTo(request))}`);
      return true;
    }
    if (error.code === 'password_change_required' && !asksForJson(request)) {
      this.pages.redirect(reply, '/account');
      return true;
    }
    if (!readsPages(request)) return false;
    const content = { message: this.sentence(error, request), requestId: request.id };
    void reply.headers(error.headers);
    await this.pages.send(request, reply, 'message', content, error.status);
    return true;
  }

  /** A form that was sent without a session is filled in again. */
  private pathToReturnTo({ method, url }: FastifyRequest): string {
    return method === 'GET' ? url : '/account';
  }

  private sentence({ code, headers }: AppError, request: FastifyRequest): string {
    const texts = this.pages.texts(request);
    if (code === 'too_many_attempts')
      return texts.errors.tooMany(inWords(Number(headers['retry-after'] ?? 30), texts));
    return texts.errors[SENTENCES[code] ?? 'internal'];
  }
}

function inWords(seconds: number, texts: Texts): string {
  return seconds < 2 * MINUTE_SECONDS
    ? texts.seconds(seconds)
    : texts.minutes(Math.ceil(seconds / MINUTE_SECONDS));
}
