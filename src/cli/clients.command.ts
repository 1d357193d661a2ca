import type { INestApplicationContext } from '@nestjs/common';
import { OPERATOR } from '../access/principal.js';
import type { ListedClient } from '../clients/client-records.js';
import { ClientsAdminService } from '../clients/clients-admin.service.js';
import { ClientsService } from '../clients/clients.service.js';
import { CreateClientDto, toClientDto } from '../clients/dto/client.dto.js';
import { objectId } from '../platform/http/object-id.js';
import { parseInput } from '../platform/kernel/validation.js';
import { found, idOf, inPages, limitOf, none, only } from './arguments.js';
import { EXIT, READS_ONLY, UsageError, type Command } from './command.js';
import { record, table } from './table.js';

const DEFAULT_OVERLAP_SECONDS = 86_400;
const OVERLAP_MAX_SECONDS = 2_592_000;

/** The clients, in the order of creation. */
export const clientsListCommand: Command = async (args, options, { out, withApp }) => {
  none(args);
  const [limit, after] = [limitOf(options), idOf('--after', options.after)];
  return withApp(async (app) => {
    const clients = await inPages({ limit, after }, async (page) => {
      return (await app.get(ClientsService).list({ ...page, offset: 0 })).clients;
    });
    const rows = clients.map(({ id, name, scopes, secrets }) => {
      const ends = secrets.map(({ expiresAt }) => expiresAt?.toISOString() ?? 'no end').join(', ');
      return [id, name, scopes.join(' ') || '-', `secrets: ${ends || 'none'}`];
    });
    out(options.json ? `${JSON.stringify(clients.map(toClientDto))}\n` : table(rows));
    return EXIT.done;
  }, READS_ONLY);
};

/** A client and the times of its valid secrets; the table has no secret that could be shown. */
export const clientsShowCommand: Command = async (args, { json }, { out, withApp }) => {
  const id = only(args, 'the id of a client');
  return withApp(async (app) => {
    const { secrets, ...client } = toClientDto(await found('client', id, find(app, id)));
    const ends = secrets.map(({ created_at: from, expires_at: until }) => `${from} to ${until ?? 'no end'}`);
    const lines = {
      client_id: client.client_id,
      name: client.name,
      scopes: client.scopes.join(' ') || '-',
      grants: client.grants.join(' ') || '-',
      resources: client.resources?.join(' ') ?? 'the default application',
      created: client.created_at,
      secrets: ends.join(', ') || 'none',
    };
    out(json ? `${JSON.stringify({ ...client, secrets })}\n` : record(lines));
    return EXIT.done;
  }, READS_ONLY);
};

/** The same as `POST /clients`. */
export const clientsCreateCommand: Command = async (
  [name, ...scopes],
  { json, resources },
  { out, withApp },
) => {
  if (name === undefined) throw new UsageError('needs the name of a client, and its scopes');
  const input = parseInput(CreateClientDto, {
    name,
    scopes,
    grants: ['client_credentials'],
    ...(resources !== undefined && { resources: resources.split(',').map((part) => part.trim()) }),
  });
  return withApp(async (app) => {
    const { client, secret } = await app.get(ClientsAdminService).create(OPERATOR, input);
    out(
      json
        ? `${JSON.stringify({ client_id: client.id, client_secret: secret })}\n`
        : `client_id      ${client.id}\nclient_secret  ${secret}\nThe secret is shown only once.\n`,
    );
    return EXIT.done;
  });
};

/** The same as `POST /clients/{id}/secret`. */
export const clientsRotateSecretCommand: Command = async (args, { json, overlap }, { out, withApp }) => {
  const id = only(args, 'the id of a client');
  const seconds = overlap === undefined ? DEFAULT_OVERLAP_SECONDS : Number(overlap);
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > OVERLAP_MAX_SECONDS)
    throw new UsageError(`--overlap must be a number of seconds from 0 to ${OVERLAP_MAX_SECONDS}`);
  return withApp(async (app) => {
    const rotated = await found('client', id, rotate(app, id, seconds));
    const until = rotated.previousExpiresAt?.toISOString() ?? null;
    out(
      json
        ? `${JSON.stringify({ client_secret: rotated.secret, previous_expires_at: until })}\n`
        : `client_secret  ${rotated.secret}\nThe secret is shown only once. ${former(until)}\n`,
    );
    return EXIT.done;
  });
};

/** Asks for confirmation: a client cannot be restored under its id. */
export const clientsDeleteCommand: Command = async (args, { yes }, { out, err, ask, withApp }) => {
  const id = only(args, 'the id of a client');
  return withApp(async (app) => {
    const sure = yes || (await ask(`Delete the client ${id} permanently? Type yes: `)) === 'yes';
    if (!sure) {
      err('latchkey: the client was not deleted; --yes deletes without a question\n');
      return EXIT.refused;
    }
    await found('client', id, remove(app, id));
    out(`The client ${id} is deleted; its tokens are refused within a second.\n`);
    return EXIT.done;
  });
};

async function find(app: INestApplicationContext, id: string): Promise<ListedClient> {
  return app.get(ClientsService).find(objectId(id));
}

async function rotate(app: INestApplicationContext, id: string, seconds: number) {
  return app.get(ClientsAdminService).rotateSecret(OPERATOR, objectId(id), seconds);
}

async function remove(app: INestApplicationContext, id: string): Promise<void> {
  await app.get(ClientsAdminService).delete(OPERATOR, objectId(id));
}

function former(until: string | null): string {
  return until === null ? 'The former one has ended.' : `The former one is valid until ${until}.`;
}
