import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { EmbeddedPostgresOptions, PostgresConnection } from '@latchkey/embedded-postgres';

/** The first line of embedded-postgres-child.mjs: what startEmbeddedPostgres returned, or its error. */
export interface Answer {
  readonly connection: PostgresConnection;
  readonly joined: boolean;
  readonly version: string;
  /** How long the start took, in milliseconds. */
  readonly ms: number;
  readonly error?: string;
  readonly message?: string;
}

/** A process of its own that uses the embedded server. */
export class EmbeddedPostgresChild {
  private static readonly all = new Set<EmbeddedPostgresChild>();
  private readonly lines: AsyncIterator<string>;

  private constructor(private readonly child: ChildProcess) {
    this.lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    EmbeddedPostgresChild.all.add(this);
  }

  /** `code` is the folder the sources were compiled to; `as` runs the process under another account. */
  static spawn(
    code: string,
    options: EmbeddedPostgresOptions,
    as?: { uid: number; gid: number },
  ): EmbeddedPostgresChild {
    const script = resolve(import.meta.dirname, 'embedded-postgres-child.mjs');
    return new EmbeddedPostgresChild(
      spawn(process.execPath, [script, code, JSON.stringify(options)], {
        ...as,
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    );
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** The next line it prints; fails when it has ended. */
  async next<T = Answer>(): Promise<T> {
    const { value, done } = await this.lines.next();
    if (done) throw new Error('the child process has ended');
    return JSON.parse(value) as T;
  }

  tell(word: 'stop' | 'insert'): void {
    this.child.stdin!.write(`${word}\n`);
  }

  /** Makes it call stop(), and waits until it has ended. */
  async stop(): Promise<void> {
    this.tell('stop');
    await this.ended();
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended();
  }

  static async killAll(): Promise<void> {
    for (const child of this.all) await child.kill();
  }

  private async ended(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit');
  }
}
