import { z } from 'zod';
import { ERROR_CODES, FIELD_CODES } from '../kernel/error-codes.js';

/** RFC 9457, with a stable code. */
export const ProblemDto = z.object({
  type: z.string().meta({ description: 'Path of the code’s entry in the documentation' }),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(Object.keys(ERROR_CODES)).meta({ description: 'Stable; decide by it' }),
  request_id: z.string().meta({ description: 'Leads to the full cause in the log' }),
  errors: z
    .array(z.object({ field: z.string(), code: z.enum(Object.keys(FIELD_CODES)), message: z.string() }))
    .optional(),
});

/** RFC 6749 section 5.2. */
export const OAuthErrorDto = z.object({
  error: z.string(),
  error_description: z.string(),
  request_id: z.string(),
});
