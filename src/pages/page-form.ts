import type { z } from 'zod';
import { AppError, type FieldError } from '../platform/kernel/app-error.js';
import { parseBodyAsync } from '../platform/kernel/validation.js';
import type { Texts } from '../views/texts/en.js';
import { fieldText, type FormFaults } from '../views/view.js';

/** The value of a form, or the faults of its fields. */
export type FormResult<T> = { readonly value: T } | { readonly errors: readonly FieldError[] };

/** Checks a form. An empty field counts as absent, because browsers send every field. @throws AppError `malformed_request` */
export async function readForm<T>(schema: z.ZodType<T>, body: unknown): Promise<FormResult<T>> {
  try {
    return { value: await parseBodyAsync(schema, withoutEmpty(body ?? {})) };
  } catch (error) {
    if (error instanceof AppError && error.code === 'validation_failed')
      return { errors: error.errors ?? [] };
    throw error;
  }
}

/** The text of a field as it was sent, to show it again. Never used for passwords. */
export function sentText(body: unknown, name: string): string {
  const value = (body as Readonly<Record<string, unknown>> | undefined)?.[name];
  return typeof value === 'string' ? value : '';
}

/** The faults in the page's language. */
export function faultsOf(texts: Texts, errors: readonly FieldError[], message?: string): FormFaults {
  return {
    message,
    fields: Object.fromEntries(errors.map(({ field, code }) => [field, fieldText(texts, code)])),
  };
}

function withoutEmpty(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body;
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== ''));
}
