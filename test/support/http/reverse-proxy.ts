import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../service/free-port.js';
import { eventually } from '../service/process.js';

const START_MS = 10_000;
/** The address of Docker's gateway in deploy/nginx.conf, and its substitute on this machine. */
export const GATEWAY = { inFile: '172.30.17.1', here: '127.0.0.3' } as const;

/** The start of a proxy with its file, in which only the addresses are replaced. */
interface Program {
  /** The path of the program of Debian's package. */
  readonly binary: string;
  /** The path of the configuration, from the root of the repository. */
  readonly file: string;
  /** Writes further files into the folder of the proxy, and returns its arguments. */
  start(folder: string, file: string): Promise<readonly string[]>;
}

const PROGRAMS = {
  nginx: { binary: '/usr/sbin/nginx', file: 'docs/proxies/nginx.conf', start: besideNginx },
  'nginx under a path': {
    binary: '/usr/sbin/nginx',
    file: 'docs/proxies/nginx-path.conf',
    start: besideNginx,
  },
  'nginx of deploy': { binary: '/usr/sbin/nginx', file: 'deploy/nginx.conf', start: besideNginx },
  Caddy: {
    binary: '/usr/bin/caddy',
    file: 'docs/proxies/Caddyfile',
    start: async (_folder, file) => ['run', '--adapter', 'caddyfile', '--config', file],
  },
} as const satisfies Record<string, Program>;

export type ProxyName = keyof typeof PROGRAMS;

/** Debian's packages have these names in lower case. */
export function proxyIsMissing(name: ProxyName): boolean {
  return !existsSync(PROGRAMS[name].binary);
}

/** A reverse proxy with its file of docs/proxies or deploy, in front of a service and an API on this machine. */
export class ReverseProxy {
  private readonly exited: Promise<unknown>;

  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {
    this.exited = new Promise((resolve) => child.once('exit', resolve));
  }

  static async start(name: ProxyName, to: { service: number; api: number }): Promise<ReverseProxy> {
    const { binary, file, start } = PROGRAMS[name];
    const [folder, port] = [await mkdtemp(join(tmpdir(), 'lk-proxy-')), await freePort()];
    const own = await readFile(fileURLToPath(new URL(`../../../${file}`, import.meta.url)), 'utf8');
    const ports: Readonly<Record<string, number>> = { 8000: port, 3000: to.service, 8080: to.api };
    const path = join(folder, basename(file));
    await writeFile(
      path,
      own
        .replace(/(?<=:|listen )(?:8000|3000|8080)\b/g, (found) => String(ports[found]))
        .replace(/\blatchkey-\d:/g, '127.0.0.1:')
        .replaceAll(GATEWAY.inFile, GATEWAY.here),
    );
    const args = await start(folder, path);
    const env = { PATH: process.env['PATH'] ?? '', HOME: folder };
    const child = spawn(binary, args, { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
    let output = '';
    child.stderr.on('data', (text: Buffer) => (output += text.toString()));
    const proxy = new ReverseProxy(`http://127.0.0.1:${port}`, child, folder);
    try {
      await eventually(START_MS, async () => child.exitCode !== null || listens(port));
      if (child.exitCode !== null) throw new Error(`${name} ended:\n${output}`);
      return proxy;
    } catch (error) {
      await proxy.stop();
      throw error;
    }
  }

  /** Kills the proxy and breaks every connection. */
  async stop(): Promise<void> {
    // After a SIGKILL of nginx's master its worker would go on running.
    this.child.kill('SIGTERM');
    if (this.child.exitCode === null && this.child.signalCode === null) await this.exited;
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The other parts of an nginx.conf, with which nginx runs in any folder and under any account. */
async function besideNginx(folder: string, file: string): Promise<readonly string[]> {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const main = [
    'daemon off;',
    'worker_processes 1;',
    `pid ${folder}/pid;`,
    'error_log stderr error;',
    'events {}',
    'http {',
    'access_log off;',
    ...kinds.map((kind) => `${kind}_temp_path ${folder}/${kind};`),
    `include ${file};`,
    '}',
  ];
  if (process.getuid?.() === 0) main.unshift('user root;');
  const path = join(folder, 'main.conf');
  await writeFile(path, main.join('\n'));
  return ['-p', folder, '-e', 'stderr', '-c', path];
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
