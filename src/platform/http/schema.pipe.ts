import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import { parseBody, parseInput } from '../kernel/validation.js';

/** Global: checks every argument that names a schema (`@Body({ schema })`) and hands over what the schema made of it. */
export class SchemaPipe implements PipeTransform {
  /** @throws AppError `malformed_request`, `validation_failed` */
  transform(value: unknown, { schema, type }: ArgumentMetadata): unknown {
    if (!(schema instanceof z.ZodType)) return value;
    if (type !== 'body') return parseInput(schema, value);
    // A body that may be left out has a schema that makes something of nothing.
    const absent = value === undefined || value === null ? schema.safeParse(undefined) : undefined;
    return absent?.success ? absent.data : parseBody(schema, value);
  }
}
