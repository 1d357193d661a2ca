import { z } from 'zod';
import type { SessionSummary } from '../session-records.js';

export const SessionDto = z
  .object({
    id: z.uuid(),
    current: z.boolean().meta({ description: 'Whether the request came from this session' }),
    created_at: z.iso.datetime(),
    last_used_at: z.iso.datetime(),
    expires_at: z.iso.datetime(),
    ip: z
      .string()
      .nullable()
      .meta({ examples: ['192.0.2.1'] }),
    user_agent: z
      .string()
      .nullable()
      .meta({ examples: ['Mozilla/5.0'] }),
  })
  .meta({ id: 'Session' });
export type SessionDto = z.output<typeof SessionDto>;

/** A session as its owner sees it. */
export function toSessionDto(session: SessionSummary, currentId: string): SessionDto {
  return {
    id: session.id,
    current: session.id === currentId,
    created_at: session.createdAt.toISOString(),
    last_used_at: session.lastUsedAt.toISOString(),
    expires_at: session.expiresAt.toISOString(),
    ip: session.ip,
    user_agent: session.userAgent,
  };
}
