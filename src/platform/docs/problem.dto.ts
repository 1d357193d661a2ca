import { z } from 'zod';
import { ERROR_CODES, FIELD_CODES } from '../kernel/error-codes.js';

/** RFC 9457, with a stable code. */
export const ProblemDto = z
  .object({
    type: z.string().meta({ description: 'Path of the code’s entry in the documentation' }),
    title: z.string().meta({ description: 'The kind of error, the same at every occurrence' }),
    status: z.int().meta({ description: 'The HTTP status', minimum: 400, maximum: 599 }),
    detail: z.string().meta({ description: 'What went wrong this time, for people' }),
    code: z.enum(Object.keys(ERROR_CODES)).meta({ description: 'Stable; programs decide by it' }),
    request_id: z.string().meta({ description: 'The log shows the full cause under this id' }),
    errors: z
      .array(
        z.object({
          field: z.string().meta({ description: 'The path of the field in the body or the query' }),
          code: z.enum(Object.keys(FIELD_CODES)).meta({ description: 'Stable; programs decide by it' }),
          message: z.string().meta({ description: 'The meaning of the code' }),
        }),
      )
      .optional()
      .meta({ description: 'The refused fields; only with `validation_failed`' }),
  })
  .meta({ description: 'RFC 9457 problem details' });

/** RFC 6749 section 5.2. */
export const OAuthErrorDto = z
  .object({
    error: z.string().meta({ description: 'Stable; programs decide by it' }),
    error_description: z.string().meta({ description: 'What went wrong this time, for people' }),
    request_id: z.string().meta({ description: 'The log shows the full cause under this id' }),
  })
  .meta({ description: 'Error of RFC 6749 section 5.2' });
