import { randomBytes } from 'node:crypto';
import type { TokenPair } from '../http/client.js';
import { basic, clientToken, newClient, type RegisteredClient } from '../actors/clients.js';
import type { TestServer } from '../service/server.js';
import { mint } from '../tokens/tokens.js';

interface Actor extends TokenPair {
  readonly id: string;
  readonly username: string;
  readonly password: string;
  readonly sessionId: string;
}

interface Service extends RegisteredClient {
  readonly access_token: string;
}

/** The beginning of every generated secret that belongs to no account. */
export const MARK = 'MARKED-';

/** The senders of the requests and all their secrets; senders are replaced when a request ends their session. */
export class Actors {
  private readonly held: string[] = [];
  private readonly forged = mint({ alg: 'HS256', typ: 'at+jwt', kid: 'x' }, { sub: 'x' }, 'not the key');
  private count = 0;

  private constructor(
    private readonly server: TestServer,
    private user: Actor,
    private admin: Actor,
    private service: Service,
  ) {}

  static async of(server: TestServer): Promise<Actors> {
    const [user, admin] = [await newActor(server, false), await newActor(server, true)];
    const actors = new Actors(server, user, admin, await newService(server, admin));
    actors.keep(user, admin);
    actors.keepService();
    return actors;
  }

  /** The values for the gaps of the next request. */
  gaps(): Record<string, string> {
    return {
      access: this.user.access_token,
      refresh: this.user.refresh_token,
      admin: this.admin.access_token,
      forged: this.forged,
      password: this.user.password,
      marked: `${MARK}${randomBytes(8).toString('hex')}`,
      unique: `f${++this.count}`,
      username: this.user.username,
      user_id: this.user.id,
      session_id: this.user.sessionId,
      service: this.service.access_token,
      client_id: this.service.client_id,
      client_secret: this.service.client_secret,
      basic: basic(this.service)['authorization'] ?? '',
    };
  }

  /** Replaces the actors whose token no longer works. */
  async revive(): Promise<void> {
    if (!(await this.works(this.user))) this.keep((this.user = await newActor(this.server, false)));
    if (!(await this.works(this.admin))) this.keep((this.admin = await newActor(this.server, true)));
    if ((await this.server.client.get('/auth/verify', { token: this.service.access_token })).status === 200)
      return;
    this.service = await newService(this.server, this.admin);
    this.keepService();
  }

  /** The secrets that may not appear in any answer or log line. */
  secrets(): readonly string[] {
    const { secret, database } = this.server;
    return [MARK, secret, database.target.password, this.forged, ...this.held];
  }

  private async works({ access_token: token }: Actor): Promise<boolean> {
    return (await this.server.client.me(token)).status === 200;
  }

  private keepService(): void {
    this.held.push(this.service.access_token, this.service.client_secret);
  }

  private keep(...actors: Actor[]): void {
    for (const actor of actors) this.held.push(actor.access_token, actor.refresh_token, actor.password);
  }
}

async function newService(server: TestServer, admin: Actor): Promise<Service> {
  const client = await newClient(server, admin, { scopes: ['users:read', 'tasks:read'] });
  return { ...client, access_token: await clientToken(server, client, 'users:read') };
}

async function newActor(server: TestServer, admin: boolean): Promise<Actor> {
  const { client, database } = server;
  const name = `a${randomBytes(6).toString('hex')}`;
  const password = `PASSWORD-${randomBytes(9).toString('hex')}`;
  const json = { email: `${name}@example.com`, username: name, password };
  const answer = await client.post<{ id: string }>('/auth/register', { json });
  if (answer.status !== 201) throw new Error(`registering answered ${answer.status}: ${answer.text}`);
  const { id } = answer.body;
  if (admin) await database.query(`INSERT INTO user_roles (user_id, role) VALUES ($1, 'admin')`, [id]);
  const person = { username: name, password };
  const pair = await (admin ? client.loginForService(person) : client.login(person));
  const sessions = await client.get<Array<{ id: string }>>('/auth/sessions', { token: pair.access_token });
  return { id, username: name, password, sessionId: sessions.body[0]?.id ?? '', ...pair };
}
