import cluster from 'node:cluster';
import type { Config } from '../platform/config/config.js';
import { startedWith } from '../platform/config/environment.js';
import type { Log } from '../platform/kernel/log.js';

/** Tells a worker which one it is, from 0. */
const NUMBER = 'LATCHKEY_WORKER';
const STARTED = 'started';
/** Between the end of a worker and the start of the one in its place, in milliseconds. */
const REPLACE_MS = 1000;
/** What a worker's threads do beside hashing: files, names of hosts. */
const OTHER_THREADS = 2;

/** Which worker this process is, from 0; undefined where it is the only process, or the primary. */
export function workerNumber(): number | undefined {
  return cluster.isWorker ? Number(startedWith(NUMBER)) : undefined;
}

/** Whether this process is the one that a person watches start: the only one, or the first worker. */
export function isFirst(): boolean {
  return cluster.worker === undefined || cluster.worker.id === 1;
}

/** Tells the primary that this worker serves, and has shown what it had to show. */
export function tellStarted(): void {
  if (cluster.isWorker) process.send?.(STARTED);
}

/** Whether this process starts others instead of serving by itself. */
export function isPrimary(config: Config): boolean {
  return config.workers > 1 && cluster.isPrimary;
}

/** The settings as they are for this process: each worker has a port of its own for its metrics. */
export function configOfWorker(config: Config): Config {
  const { metricsPort } = config.http;
  const number = workerNumber();
  // 0 stands for any free port.
  if (number === undefined || !metricsPort) return config;
  return { ...config, http: { ...config.http, metricsPort: metricsPort + number } };
}

/**
 * Runs the service in several processes that share a port (`WEB_CONCURRENCY`), each an instance of its own. The first
 * starts alone: where it cannot, the whole ends with its exit status. One that ends later is replaced. SIGTERM and
 * SIGINT let all of them answer what is under way, and end the process when the last has.
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
    // Node reads it before any of our code runs.
    const threads =
      startedWith('UV_THREADPOOL_SIZE') ?? String(this.config.hashing.concurrency + OTHER_THREADS);
    const worker = cluster.fork({ [NUMBER]: String(number), UV_THREADPOOL_SIZE: threads });
    this.alive++;
    worker.once('exit', (code: number | null, signal: string | null) => this.ended(number, code, signal));
    // A process that could not be made at all does not exit either.
    worker.on('error', () => {
      if (worker.process.pid === undefined) this.ended(number, null, null);
    });
    return worker;
  }

  private ended(number: number, code: number | null, signal: string | null): void {
    this.alive--;
    if (this.stopping) {
      // A worker that was still starting has no requests, and the signal ends it.
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
