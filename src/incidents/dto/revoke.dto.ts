import { z } from 'zod';
import { FIRST_PARTY } from '../../access/principal.js';
import { REVOCATION_KINDS } from '@latchkey/token-rules';
import { fieldCode, text } from '../../platform/kernel/validation.js';

/** The format of a subject, by its kind. */
const SUBJECTS: Readonly<Record<(typeof REVOCATION_KINDS)[number], z.ZodType>> = {
  session: z.uuid(),
  user: z.uuid(),
  client: z.union([z.literal(FIRST_PARTY), z.uuid()]),
  key: z.string(),
  all: z.literal('*'),
};

export const RevokeDto = z
  .strictObject({
    kind: z.enum(REVOCATION_KINDS),
    subject: text({ max: 100 }).meta({
      description:
        'The id of the session, user or client, `first-party` for every login of the service itself, the `kid` of the key, or `*` for the kind `all`',
    }),
    reason: text({ max: 200 }).optional().meta({ description: 'The reason is published in the feed' }),
  })
  .refine(({ kind, subject }) => SUBJECTS[kind].safeParse(subject).success, {
    path: ['subject'],
    ...fieldCode('invalid_format'),
  })
  .meta({
    id: 'Revoke',
    examples: [{ kind: 'session', subject: '019a0c5e-7b1a-7c3e-9f00-0a1b2c3d4e5f', reason: 'stolen device' }],
  });
export type RevokeDto = z.output<typeof RevokeDto>;
