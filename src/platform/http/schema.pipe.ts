import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import { parseBody, parseInput } from '../kernel/validation.js';

/** Checks every argument that names a schema (`@Body({ schema })`) and passes on the schema's output. Registered globally. */
export class SchemaPipe implements PipeTransform {
  /** @throws AppError `malformed_request`, `validation_failed` */
  transform(value: unknown, { schema, type }: ArgumentMetadata): unknown {
    if (!(schema instanceof z.ZodType)) return value;
    if (type !== 'body') return parseInput(schema, value);
    // No body is an empty object, where every field is optional.
    const absent = value === undefined ? schema.safeParse({}) : undefined;
    return absent?.success ? absent.data : parseBody(schema, value);
  }
}
