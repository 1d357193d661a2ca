import { z } from 'zod';
import { text } from '../../platform/kernel/validation.js';
import { scopesField } from '../../users/dto/role.dto.js';
import type { ClientRecord, CreatedClient, ListedClient, RotatedSecret } from '../client-records.js';
import { CLIENT_GRANTS } from '../client.entity.js';

const NAME_MAX = 100;
const RESOURCES_MAX = 100;
const DAY_SECONDS = 86_400;
const OVERLAP_MAX_SECONDS = 30 * DAY_SECONDS;

const members = {
  client_id: z.uuid().meta({ description: 'The id that the client authenticates with' }),
  name: z.string().meta({ examples: ['billing'] }),
  scopes: z.array(z.string()).meta({ examples: [['tasks:read']] }),
  grants: z.array(z.string()).meta({ examples: [['client_credentials']] }),
  resources: z
    .array(z.string())
    .nullable()
    .meta({ description: 'See `CreateClient`; null for the default application', examples: [['latchkey']] }),
  created_at: z.iso.datetime(),
};
const secretField = z.string().meta({
  description: 'Shown once; the service stores its hash',
  examples: ['latchkey_secret_…'],
});

export const CreateClientDto = z
  .strictObject({
    name: text({ max: NAME_MAX }),
    scopes: scopesField,
    grants: z
      .array(z.enum(CLIENT_GRANTS))
      .max(10)
      .default(['client_credentials'])
      .meta({
        description: 'An empty list for a client that only introspects tokens',
        default: ['client_credentials'],
      }),
    resources: z
      .array(z.string().min(1).max(255))
      .max(RESOURCES_MAX)
      .optional()
      .meta({
        description:
          'Identifiers of the applications whose tokens the client may introspect; if absent, the default application',
        examples: [['latchkey']],
      }),
  })
  .meta({
    id: 'CreateClient',
    examples: [{ name: 'billing', scopes: ['tasks:read'], grants: ['client_credentials'] }],
  });
export type CreateClientDto = z.output<typeof CreateClientDto>;

export const CreatedClientDto = z
  .object({ ...members, client_secret: secretField })
  .meta({ id: 'CreatedClient' });
export type CreatedClientDto = z.output<typeof CreatedClientDto>;

export const RotateSecretDto = z
  .strictObject({
    overlap_seconds: z
      .int()
      .min(0)
      .max(OVERLAP_MAX_SECONDS)
      .default(DAY_SECONDS)
      .meta({
        description: 'How long the previous secret stays valid; 0 ends it at once',
        default: DAY_SECONDS,
        examples: [DAY_SECONDS],
      }),
  })
  .meta({ id: 'RotateSecret', examples: [{ overlap_seconds: DAY_SECONDS }] });
export type RotateSecretDto = z.output<typeof RotateSecretDto>;

export const ClientSecretDto = z
  .object({
    client_id: members.client_id,
    client_secret: secretField,
    previous_expires_at: z.iso
      .datetime()
      .nullable()
      .meta({ description: 'Until when the previous secret is valid; null if it ended at once' }),
  })
  .meta({ id: 'ClientSecret' });
export type ClientSecretDto = z.output<typeof ClientSecretDto>;

export const ClientDto = z
  .object({
    ...members,
    secrets: z
      .array(z.object({ created_at: z.iso.datetime(), expires_at: z.iso.datetime().nullable() }))
      .meta({ description: 'The valid secrets, newest first; two during a rotation' }),
  })
  .meta({ id: 'Client' });
export type ClientDto = z.output<typeof ClientDto>;

export function toClientDto(client: ListedClient): ClientDto {
  return {
    ...membersOf(client),
    secrets: client.secrets.map(({ createdAt: from, expiresAt }) => ({
      created_at: from.toISOString(),
      expires_at: expiresAt?.toISOString() ?? null,
    })),
  };
}

export function toCreatedClientDto({ client, secret }: CreatedClient): CreatedClientDto {
  return { ...membersOf(client), client_secret: secret };
}

export function toClientSecretDto(
  clientId: string,
  { secret, previousExpiresAt }: RotatedSecret,
): ClientSecretDto {
  const ends = previousExpiresAt?.toISOString() ?? null;
  return { client_id: clientId, client_secret: secret, previous_expires_at: ends };
}

function membersOf({ id, name, scopes, grants, resources, createdAt }: ClientRecord) {
  return { client_id: id, name, scopes, grants, resources, created_at: createdAt.toISOString() };
}
