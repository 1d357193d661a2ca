import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CORE_SCHEMA, loadAll, mergeTag } from 'js-yaml';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadConfig } from '../../src/platform/config/env.schema.js';
import { readEnvironment } from '../../src/platform/config/environment.js';
import { newSecret, startServer, type TestServer } from '../support/service/server.js';
import { Lifecycle } from '../support/service/built.js';
import { GATEWAY, proxyIsMissing, ReverseProxy } from '../support/http/reverse-proxy.js';
import { rawRequest } from '../support/http/raw-http.js';

const DEPLOY = resolve('deploy');
const KUBERNETES = join(DEPLOY, 'kubernetes');
/** After SIGTERM readiness fails, open requests get 20 seconds (shutdown.ts), then the modules close. */
const SLOWEST_SECONDS = 25;

/** The sources that a network policy admits. */
interface Admitted {
  readonly podSelector?: { readonly matchLabels?: Readonly<Record<string, string>> };
}

// Manifests have no type here; each test states its expectations of a part.
type Tree = { readonly [name: string]: Tree } & { readonly [index: number]: Tree } & string;

/** Compose accepts `<<` of YAML 1.1 and is otherwise YAML 1.2. */
const SCHEMA = CORE_SCHEMA.withTags(mergeTag);

async function documents(path: string): Promise<Tree[]> {
  return loadAll(await readFile(path, 'utf8'), { schema: SCHEMA }) as unknown as Tree[];
}

async function manifest(kind: string): Promise<Tree> {
  const { resources } = (await documents(join(KUBERNETES, 'kustomization.yaml')))[0] as unknown as {
    resources: string[];
  };
  const all = (await Promise.all(resources.map((file) => documents(join(KUBERNETES, file))))).flat();
  const found = all.find((one) => one['kind'] === kind);
  if (!found) throw new Error(`no ${kind}`);
  return found;
}

/** Reads the settings of a container with the service's schema, with secrets in files as in the mounts. */
async function configured(settings: Record<string, string>) {
  const folder = await mkdtemp(join(tmpdir(), 'lk-deploy-'));
  const secrets = {
    SECRET_KEY_FILE: newSecret(),
    DATABASE_URL_FILE: 'postgresql://latchkey:x@database:5432/latchkey',
  };
  const files: Record<string, string> = {};
  for (const [name, content] of Object.entries(secrets)) {
    expect(settings[name]).toMatch(/^\/run\/secrets\//);
    files[name] = join(folder, name);
    await writeFile(files[name], `${content}\n`);
  }
  const process = { NODE_ENV: 'production', HOST: '0.0.0.0', ...settings, ...files };
  const { environment, problems } = await readEnvironment(folder, process);
  await rm(folder, { recursive: true });
  return loadConfig(environment, problems);
}

const DOCKER_COMPOSE = '/usr/bin/docker-compose';
const KUBECTL = '/usr/bin/kubectl';
for (const program of [DOCKER_COMPOSE, KUBECTL].filter((path) => !existsSync(path)))
  process.stdout.write(`skipped: no ${program}; what it would validate is only parsed\n`);

let server: TestServer;

beforeAll(async () => {
  server = await startServer({ env: { TRUSTED_PROXIES: '127.0.0.1' } });
});
afterAll(() => server.close());

describe('the manifests for Kubernetes', () => {
  it('are all named in the kustomization', async () => {
    const [{ resources } = {} as never] = await documents(join(KUBERNETES, 'kustomization.yaml'));
    const files = (await readdir(KUBERNETES)).filter((file) => file !== 'kustomization.yaml');
    expect([...(resources as unknown as string[])].sort()).toEqual(files.sort());
    if (existsSync(KUBECTL)) execFileSync(KUBECTL, ['kustomize', KUBERNETES], { stdio: 'pipe' });
  });

  it('have valid settings, and allow the time that a stop takes', async () => {
    const pod = (await manifest('Deployment'))['spec']?.['template']?.['spec'] as Tree;
    const container = pod['containers']?.[0] as unknown as { env: Array<{ name: string; value: string }> };
    const data = (await manifest('ConfigMap'))['data'] as unknown as Record<string, string>;
    const own = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
    const config = await configured({ ...data, ...own });
    expect(config.http.trustedProxies).not.toEqual([]);
    const grace = Number(pod['terminationGracePeriodSeconds']);
    expect(grace).toBeGreaterThan(Number(data['SHUTDOWN_DELAY_SECONDS']) + SLOWEST_SECONDS);
  });

  it('use the probes and the port of the service', async () => {
    const container = (await manifest('Deployment'))['spec']?.['template']?.['spec']?.[
      'containers'
    ]?.[0] as Tree;
    const probes = ['startupProbe', 'livenessProbe', 'readinessProbe'].map(
      (name) => container[name]?.['httpGet'],
    );
    expect(probes.map((probe) => probe?.['path'])).toEqual(['/health/live', '/health/live', '/health/ready']);
    for (const probe of probes) {
      expect((await server.client.get(String(probe?.['path']))).status).toBe(200);
      expect(probe?.['port']).toBe(container['ports']?.[0]?.['name']);
    }
    expect(container['ports']?.[0]?.['containerPort']).toBe(3000);
    expect((await manifest('Service'))['spec']?.['ports']?.[0]?.['targetPort']).toBe('http');
  });

  it('run without root on a read-only file system, and keep one instance while a node is drained', async () => {
    const deployment = await manifest('Deployment');
    const pod = deployment['spec']?.['template'] as Tree;
    expect(pod['spec']?.['securityContext']).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
    expect(pod['spec']?.['containers']?.[0]?.['securityContext']).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    const labels = pod['metadata']?.['labels'];
    const disruption = (await manifest('PodDisruptionBudget'))['spec'];
    const selectors = [
      deployment['spec']?.['selector']?.['matchLabels'],
      disruption?.['selector']?.['matchLabels'],
      (await manifest('Service'))['spec']?.['selector'],
      (await manifest('NetworkPolicy'))['spec']?.['podSelector']?.['matchLabels'],
    ];
    expect(selectors).toEqual(selectors.map(() => labels));
    expect(Number(disruption?.['minAvailable'])).toBeLessThan(Number(deployment['spec']?.['replicas']));
  });

  it('trust no proxy until they are adapted, and admit no complete namespace', async () => {
    const data = (await manifest('ConfigMap'))['data'] as unknown as Record<string, string>;
    // RFC 5737: reserved for documentation.
    expect(data['TRUSTED_PROXIES']).toBe('192.0.2.0/24');
    const { spec } = await manifest('NetworkPolicy');
    const [rule] = (spec?.['ingress'] ?? []) as unknown as Array<{ from: Admitted[] }>;
    expect(rule?.from).toHaveLength(2);
    for (const { podSelector } of rule?.from ?? []) {
      expect(Object.keys(podSelector?.matchLabels ?? {})).not.toEqual([]);
    }
  });

  it('contain no secret', async () => {
    const texts = await Promise.all(
      (await readdir(KUBERNETES)).map((file) => readFile(join(KUBERNETES, file), 'utf8')),
    );
    expect(texts.join('\n')).not.toMatch(/kind: Secret|stringData/);
  });
});

describe('the compose file', () => {
  it('has valid settings, and trusts only nginx', async () => {
    const [compose] = await documents(join(DEPLOY, 'compose.yaml'));
    const services = compose?.['services'];
    for (const name of ['latchkey-1', 'latchkey-2']) {
      const service = services?.[name] as Tree;
      const environment = service['environment'] as unknown as Record<string, string>;
      const settings = Object.entries(environment).map(([key, value]) => [
        key,
        value.replace(/^\$\{\w+:-(.*)\}$/, '$1'),
      ]);
      const config = await configured(Object.fromEntries(settings) as Record<string, string>);
      expect(config.http.trustedProxies).toEqual([
        services?.['nginx']?.['networks']?.['front']?.['ipv4_address'],
      ]);
      const grace = Number.parseInt(service['stop_grace_period'] as string, 10);
      expect(grace).toBeGreaterThan(Number(environment['SHUTDOWN_DELAY_SECONDS']) + SLOWEST_SECONDS);
      expect([service['read_only'], service['ports']]).toEqual([true, undefined]);
    }
    if (existsSync(DOCKER_COMPOSE)) {
      execFileSync(DOCKER_COMPOSE, ['--file', join(DEPLOY, 'compose.yaml'), 'config', '--quiet'], {
        stdio: 'pipe',
      });
    }
  });

  it('gives each instance a fixed address, because nginx resolves it only once', async () => {
    const [compose] = await documents(join(DEPLOY, 'compose.yaml'));
    const addresses = ['nginx', 'latchkey-1', 'latchkey-2'].map(
      (name) => compose?.['services']?.[name]?.['networks']?.['front']?.['ipv4_address'],
    );
    expect(new Set(addresses).size).toBe(3);
    expect(addresses).not.toContain(undefined);
  });
});

(proxyIsMissing('nginx of deploy') ? describe.skip : describe)('the nginx of deploy', () => {
  const CLAIMED = '203.0.113.66';
  let proxy: ReverseProxy;

  beforeAll(async () => {
    const service = Number(new URL(server.url).port);
    proxy = await ReverseProxy.start('nginx of deploy', { service, api: service });
  });
  afterAll(() => proxy?.stop());

  /** The recorded address of a login that reaches nginx from `from` with an X-Forwarded-For of its own. */
  async function addressOfLogin(from: string, forwardedFor?: string): Promise<string | null | undefined> {
    const person = await server.client.register();
    const answer = await rawRequest(proxy.url, {
      method: 'POST',
      path: '/auth/login',
      from,
      headers: [
        ['content-type', 'application/json'],
        ...(forwardedFor === undefined ? [] : [['x-forwarded-for', forwardedFor] as const]),
      ],
      body: JSON.stringify({ username: person.username, password: person.password }),
    });
    expect(answer.status).toBe(200);
    const rows = await server.database.query('SELECT ip FROM sessions WHERE user_id = $1', [person.id]);
    expect(rows).toHaveLength(1);
    return (rows[0] as { ip: string | null }).ip;
  }

  it('passes on the real address of the client, not a claimed one', async () => {
    expect(await addressOfLogin('127.0.0.2', CLAIMED)).toBe('127.0.0.2');
  });

  it('passes on the address that the TLS proxy added, not the one that its client claimed', async () => {
    expect(await addressOfLogin(GATEWAY.here, '198.51.100.7')).toBe('198.51.100.7');
    expect(await addressOfLogin(GATEWAY.here, `${CLAIMED}, 198.51.100.8`)).toBe('198.51.100.8');
    expect(await addressOfLogin(GATEWAY.here, `${CLAIMED}, 2001:db8::8`)).toBe('2001:db8::8');
  });

  it('passes on no address if the TLS proxy sends none, so that clients do not share the limits of the gateway', async () => {
    // The address of nginx, which the service trusts and therefore does not count.
    expect(await addressOfLogin(GATEWAY.here)).toBe('127.0.0.1');
  });

  it('trusts only the gateway, whose address compose sets', async () => {
    const text = await readFile(join(DEPLOY, 'nginx.conf'), 'utf8');
    expect(text.match(/(?<=set_real_ip_from ).*(?=;)/g)).toEqual([GATEWAY.inFile]);
    const [compose] = await documents(join(DEPLOY, 'compose.yaml'));
    expect(compose?.['networks']?.['front']?.['ipam']?.['config']?.[0]?.['gateway']).toBe(GATEWAY.inFile);
    expect(compose?.['services']?.['nginx']?.['ports']).toEqual(['127.0.0.1:8000:8000']);
  });
});

describe('the compose file of one instance', () => {
  it('creates its secrets by its first command, which leaves existing ones unchanged', async () => {
    const command = /^# {3}(\[ -e .*)$/m.exec(await readFile('compose.yaml', 'utf8'))?.[1] ?? 'exit 1';
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-compose-'));
    const run = () => spawnSync('bash', ['-euc', command], { cwd: folder }).status;
    try {
      expect(run()).toBe(0);
      const made = await readFile(join(folder, '.env.local.compose'), 'utf8');
      expect(made).toMatch(/^SECRET_KEY=[0-9a-f]{64}\nPOSTGRES_PASSWORD=[0-9a-f]{48}\n$/);
      expect(run()).toBe(0);
      expect(await readFile(join(folder, '.env.local.compose'), 'utf8')).toBe(made);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('names the gateway that it sets as the proxy to trust, and trusts none by default', async () => {
    const text = await readFile('compose.yaml', 'utf8');
    const [compose] = await documents('compose.yaml');
    const gateway = compose?.['networks']?.['default']?.['ipam']?.['config']?.[0]?.['gateway'];
    expect(text).toContain(`# No proxy is trusted by default. Set it to ${String(gateway)} if`);
    const service = compose?.['services']?.['latchkey'];
    expect(service?.['environment']?.['TRUSTED_PROXIES']).toBe('${TRUSTED_PROXIES:-}');
    expect(service?.['ports']).toEqual(['127.0.0.1:3000:3000']);
  });
});

// This test is the last of the file, because it makes the service unready.
describe('an update of the compose file', () => {
  it('waits until an instance is ready before it replaces the next, by the health check of the file', async () => {
    const path = join(DEPLOY, 'compose.yaml');
    const updates = (await readFile(path, 'utf8')).match(/docker compose up [^&\n]*--no-deps latchkey-\d/g);
    expect(updates).toHaveLength(2);
    for (const update of updates ?? []) expect(update).toContain(' --wait ');
    const [compose] = await documents(path);
    const test = compose?.['services']?.['latchkey-1']?.['healthcheck']?.['test'];
    const [kind, ...command] = (test ?? []) as unknown as string[];
    expect(kind).toBe('CMD');
    const check = async (): Promise<unknown> => {
      const [program = '', ...args] = command.map((word) =>
        word.replace('127.0.0.1:3000', new URL(server.url).host),
      );
      return (await once(spawn(program, args, { stdio: 'ignore' }), 'exit'))[0];
    };
    expect(await check()).toBe(0);
    server.app.get(Lifecycle).drain();
    expect(await check()).toBe(1);
  });
});
