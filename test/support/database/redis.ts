import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { freePort } from '../service/free-port.js';

const BINARIES = ['redis-server', 'valkey-server'];

/** The name of a Redis or Valkey server of this machine, if there is one. */
export const REDIS_SERVER = BINARIES.find((name) => spawnSync(name, ['--version']).status === 0);

/** A Redis server for one test, without files. */
export class RedisServer {
  private process: ChildProcess | undefined;

  private constructor(readonly port: number) {}

  static async start(): Promise<RedisServer> {
    const redis = new RedisServer(await freePort());
    await redis.start();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}/0`;
  }

  /** Starts the server again on the same port, empty. */
  async start(): Promise<void> {
    const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const child = spawn(REDIS_SERVER ?? '', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.process = child;
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error('Redis did not start')));
      child.stdout.on('data', (text: Buffer) => text.includes('Ready to accept connections') && resolve());
    });
  }

  async kill(): Promise<void> {
    const child = this.process;
    if (!child) return;
    this.process = undefined;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }
}
