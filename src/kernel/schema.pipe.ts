import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import { parseBody, parseInput } from './validation.js';

/** Global: checks every argument that names a schema (`@Body({ schema })`) and hands over what the schema made of it. */
export class SchemaPipe implements PipeTransform {
  /** @throws AppError `malformed_request`, `validation_failed` */
  transform(value: unknown, { schema, type }: ArgumentMetadata): unknown {
    if (!(schema instanceof z.ZodType)) return value;
    return type === 'body' ? parseBody(schema, value) : parseInput(schema, value);
  }
}
