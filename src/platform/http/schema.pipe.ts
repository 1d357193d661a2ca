import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import { parseBodyAsync, parseInput } from '../kernel/validation.js';

/** Checks every argument that names a schema (`@Body({ schema })`) and passes on the schema's output. Registered globally. */
export class SchemaPipe implements PipeTransform {
  /** @throws AppError `malformed_request`, `validation_failed` */
  async transform(value: unknown, { schema, type }: ArgumentMetadata): Promise<unknown> {
    if (!(schema instanceof z.ZodType)) return value;
    if (type !== 'body') return parseInput(schema, value);
    // No body is an empty object, where every field is optional.
    const absent = value === undefined ? await schema.safeParseAsync({}) : undefined;
    return absent?.success ? absent.data : parseBodyAsync(schema, value);
  }
}
