import type { Answer, Client, Request, TokenPair } from '../http/client.js';

/** A running service, in this process or in another. */
interface Service {
  readonly client: Client;
}

export interface RegisteredClient {
  readonly client_id: string;
  readonly client_secret: string;
}

/** A new client, created by an administrator. */
export async function newClient(
  server: Service,
  admin: Pick<TokenPair, 'access_token'>,
  what: {
    readonly scopes?: readonly string[];
    readonly grants?: readonly string[];
    readonly resources?: readonly string[];
  } = {},
): Promise<RegisteredClient> {
  const answer = await server.client.post<RegisteredClient & Record<string, unknown>>('/clients', {
    token: admin.access_token,
    json: { name: 'a service', scopes: [], grants: ['client_credentials'], ...what },
  });
  if (answer.status !== 201) throw new Error(`creating a client answered ${answer.status}: ${answer.text}`);
  return answer.body;
}

/** The header that authenticates a client (RFC 6749 section 2.3.1). */
export function basic({ client_id: id, client_secret: secret }: RegisteredClient): Record<string, string> {
  const part = (text: string): string => new URLSearchParams({ x: text }).toString().slice(2);
  return { authorization: `Basic ${Buffer.from(`${part(id)}:${part(secret)}`).toString('base64')}` };
}

/** Sends a form to one of the endpoints of `/oauth/`, with or without a client's credentials. */
export function oauth(
  server: Service,
  path: 'token' | 'introspect' | 'revoke',
  form: Record<string, string>,
  client?: RegisteredClient,
): Promise<Answer> {
  const request: Request = { form, ...(client && { headers: basic(client) }) };
  return server.client.post(`/oauth/${path}`, request);
}

/** The access token of a client. */
export async function clientToken(
  server: Service,
  client: RegisteredClient,
  scope?: string,
): Promise<string> {
  const form = { grant_type: 'client_credentials', ...(scope !== undefined && { scope }) };
  const answer = await oauth(server, 'token', form, client);
  if (answer.status !== 200) throw new Error(`a client's token answered ${answer.status}: ${answer.text}`);
  return String(answer.body['access_token']);
}
