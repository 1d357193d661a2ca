import { z } from 'zod';
import { ERROR_CODES, FIELD_CODES } from '../kernel/error-codes.js';

/** RFC 9457, with a stable code. */
export const ProblemDto = z
  .object({
    type: z.string().meta({ description: 'Path of the code’s entry in the documentation' }),
    title: z.string().meta({ description: 'The kind of error in words, the same at every occurrence' }),
    status: z.int().meta({ description: 'The HTTP status again', minimum: 400, maximum: 599 }),
    detail: z.string().meta({ description: 'What went wrong this time, for people' }),
    code: z.enum(Object.keys(ERROR_CODES)).meta({ description: 'Stable; decide by it' }),
    request_id: z.string().meta({ description: 'Leads to the full cause in the log' }),
    errors: z
      .array(
        z.object({
          field: z.string().meta({ description: 'Where in the body or the query' }),
          code: z.enum(Object.keys(FIELD_CODES)).meta({ description: 'Stable; decide by it' }),
          message: z.string().meta({ description: 'The code in words' }),
        }),
      )
      .optional()
      .meta({ description: 'The refused fields; with `validation_failed` only' }),
  })
  .meta({ description: 'RFC 9457 problem details' });

/** RFC 6749 section 5.2. */
export const OAuthErrorDto = z
  .object({
    error: z.string().meta({ description: 'Stable; decide by it' }),
    error_description: z.string().meta({ description: 'What went wrong this time, for people' }),
    request_id: z.string().meta({ description: 'Leads to the full cause in the log' }),
  })
  .meta({ description: 'Error of RFC 6749 section 5.2' });
