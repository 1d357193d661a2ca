import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { RequireScopes } from '../access/access.decorators.js';
import { AUDIT_ACTIONS, type AuditEvent } from './audit-event.js';
import { AuditService } from './audit.service.js';
import { ApiProblems } from '../platform/docs/api-problems.js';
import { canonicalId } from '../platform/http/object-id.js';
import { PageQueryDto } from '../platform/http/paging.js';
import { text } from '../platform/kernel/validation.js';

const SUBJECT_MAX = 256;

const AuditQueryDto = PageQueryDto.omit({ offset: true }).extend({
  after: z.uuid().optional().meta({ description: 'The last id of the page before: older events follow' }),
  actor: text({ max: SUBJECT_MAX })
    .transform(canonicalId)
    .optional()
    .meta({ description: 'The id of the user or client that acted, or `command-line`' }),
  subject: text({ max: SUBJECT_MAX })
    .transform(canonicalId)
    .optional()
    .meta({ description: 'The id or name of the changed user, session, role, client, key or revocation' }),
  action: z.enum(AUDIT_ACTIONS).optional().meta({ description: 'The recorded action' }),
});
type AuditQueryDto = z.output<typeof AuditQueryDto>;

const AuditEventDto = z
  .object({
    id: z.uuid().meta({ examples: ['019a0c5e-7b1a-7c3e-9f00-0a1b2c3d4e5f'] }),
    created_at: z.iso.datetime().meta({ examples: ['2026-01-01T09:00:00.000Z'] }),
    action: z.string().meta({ examples: ['user.disabled'] }),
    actor: z
      .string()
      .nullable()
      .meta({
        description: 'The id of a user or client, `command-line`, or null for the service itself',
        examples: ['019a0c5e-0000-7c3e-9f00-0a1b2c3d4e5f'],
      }),
    subject_kind: z.string().meta({ examples: ['user'] }),
    subject: z.string().meta({ examples: ['019a0c5e-1111-7c3e-9f00-0a1b2c3d4e5f'] }),
    session_id: z.string().nullable(),
    ip: z
      .string()
      .nullable()
      .meta({ examples: ['192.0.2.7'] }),
    user_agent: z
      .string()
      .nullable()
      .meta({ examples: ['curl/8.5.0'] }),
    request_id: z.string().nullable(),
    details: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({ id: 'AuditEvent' });
type AuditEventDto = z.output<typeof AuditEventDto>;

@ApiTags('administration')
@Controller('audit-events')
export class AuditController {
  constructor(private readonly audit: AuditService) {}

  @RequireScopes('audit:read')
  @Get()
  @ApiOperation({ summary: 'The audit log', description: 'Newest first.' })
  @ApiOkResponse({
    standardSchema: z.array(AuditEventDto),
    description: 'One page',
    headers: { Link: { description: 'RFC 8288: the `next` page', schema: { type: 'string' } } },
  })
  @ApiProblems('validation_failed')
  async list(
    @Query({ schema: AuditQueryDto }) query: AuditQueryDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AuditEventDto[]> {
    const { events, more } = await this.audit.list(query);
    if (more) void reply.header('link', nextPage(request, query, events.at(-1)?.id ?? ''));
    return events.map(toAuditEventDto);
  }
}

function nextPage({ url }: FastifyRequest, query: AuditQueryDto, after: string): string {
  const { limit, actor, subject, action } = query;
  const given = Object.entries({ actor, subject, action }).filter(([, value]) => value !== undefined);
  const next = new URLSearchParams({ ...Object.fromEntries(given), limit: String(limit), after });
  return `<${url.split('?', 1)[0]}?${next.toString()}>; rel="next"`;
}

/** Picks members by name, so that a new column of the table does not leave the service by itself. */
export function toAuditEventDto(event: AuditEvent): AuditEventDto {
  return {
    id: event.id,
    created_at: event.createdAt.toISOString(),
    action: event.action,
    actor: event.actor,
    subject_kind: event.subjectKind,
    subject: event.subject,
    session_id: event.sessionId,
    ip: event.ip,
    user_agent: event.userAgent,
    request_id: event.requestId,
    details: event.details,
  };
}
