import cluster from 'node:cluster';
import type { Config } from '../platform/config/config.js';
import { startedWith } from '../platform/config/environment.js';
import type { Log } from '../platform/kernel/log.js';

/** The environment variable that holds a worker's number, from 0. */
const NUMBER = 'LATCHKEY_WORKER';
const STARTED = 'started';
/** How long after the end of a worker its replacement starts, in milliseconds. */
const REPLACE_MS = 1000;
/** Threads for hashes, with those for costly hashes of other systems: half as many again. */
const WITH_COSTLY = 1.5;
/** Threads of a worker beside those that hash: for files and host names. */
const OTHER_THREADS = 2;

/** The number of this worker, from 0; undefined in the primary and in a single process. */
export function workerNumber(): number | undefined {
  return cluster.isWorker ? Number(startedWith(NUMBER)) : undefined;
}

/** Whether this process shows the banner: a single process, or the first worker. */
export function isFirst(): boolean {
  return cluster.worker === undefined || cluster.worker.id === 1;
}

/** Tells the primary that this worker listens and has shown its banner. */
export function reportStarted(): void {
  if (cluster.isWorker) process.send?.(STARTED);
}

/** Whether this process starts workers instead of serving requests. */
export function isPrimary(config: Config): boolean {
  return config.workers > 1 && cluster.isPrimary;
}

/** The settings of this process: each worker serves its metrics on its own port. */
export function configOfWorker(config: Config): Config {
  const { metricsPort } = config.http;
  const number = workerNumber();
  // 0 stands for any free port.
  if (number === undefined || !metricsPort) return config;
  return { ...config, http: { ...config.http, metricsPort: metricsPort + number } };
}

/**
 * Runs several instances of the service in processes that share a port (`WEB_CONCURRENCY`). The first worker starts
 * alone; if it fails, the primary exits with its status. A worker that ends later is replaced. On SIGTERM and SIGINT the
 * workers finish their open requests, and the primary exits after the last of them.
 */
export class Workers {
  private serving = false;
  private stopping = false;
  private alive = 0;
  private status = 0;

  constructor(
    private readonly config: Config,
    private readonly log: Log,
  ) {}

  start(): void {
    process.on('SIGTERM', () => this.stop()).on('SIGINT', () => this.stop());
    this.fork(0).once('message', () => {
      this.serving = true;
      for (let number = 1; number < this.config.workers && !this.stopping; number++) this.fork(number);
    });
  }

  private fork(number: number) {
    // Node reads UV_THREADPOOL_SIZE before the worker's code runs.
    const threads =
      startedWith('UV_THREADPOOL_SIZE') ??
      String(Math.ceil(this.config.hashing.concurrency * WITH_COSTLY) + OTHER_THREADS);
    const worker = cluster.fork({ [NUMBER]: String(number), UV_THREADPOOL_SIZE: threads });
    this.alive++;
    worker.once('exit', (code: number | null, signal: string | null) => this.ended(number, code, signal));
    // A process that could not be created emits no exit event.
    worker.on('error', () => {
      if (worker.process.pid === undefined) this.ended(number, null, null);
    });
    return worker;
  }

  private ended(number: number, code: number | null, signal: string | null): void {
    this.alive--;
    if (this.stopping) {
      // A worker that was still starting has no signal handler, so SIGTERM ends it; that is no failure.
      this.status ||= code ?? (signal === 'SIGTERM' ? 0 : 1);
      if (this.alive === 0) process.exit(this.status);
      return;
    }
    if (!this.serving) process.exit(code ?? 1);
    this.log.error({ worker: number, code, signal }, 'a worker ended; another takes its place');
    setTimeout(() => {
      if (!this.stopping) this.fork(number);
    }, REPLACE_MS);
  }

  private stop(): void {
    if (this.stopping) return;
    this.stopping = true;
    if (this.alive === 0) process.exit(0);
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM');
  }
}
