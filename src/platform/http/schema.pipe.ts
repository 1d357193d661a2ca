import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import { parseBody, parseInput } from '../kernel/validation.js';

/** Checks every argument that names a schema (`@Body({ schema })`) and passes on the schema's output. Registered globally. */
export class SchemaPipe implements PipeTransform {
  /** @throws AppError `malformed_request`, `validation_failed` */
  transform(value: unknown, { schema, type }: ArgumentMetadata): unknown {
    if (!(schema instanceof z.ZodType)) return value;
    if (type !== 'body') return parseInput(schema, value);
    // The schema of an optional body accepts undefined.
    const absent = value === undefined || value === null ? schema.safeParse(undefined) : undefined;
    return absent?.success ? absent.data : parseBody(schema, value);
  }
}
