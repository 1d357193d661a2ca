import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { EmbeddedPostgresOptions, PostgresConnection } from '@latchkey/embedded-postgres';

/** The first line of embedded-postgres-child.mjs: the result of startEmbeddedPostgres, or its error. */
export interface Answer {
  readonly connection: PostgresConnection;
  readonly joined: boolean;
  readonly version: string;
  /** Duration of the start in milliseconds. */
  readonly ms: number;
  readonly error?: string;
  readonly message?: string;
}

/** A separate process that uses the embedded server. */
export class EmbeddedPostgresChild {
  private static readonly all = new Set<EmbeddedPostgresChild>();
  private readonly lines: AsyncIterator<string>;

  private constructor(private readonly child: ChildProcess) {
    this.lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    EmbeddedPostgresChild.all.add(this);
  }

  /** `code` is the folder of the compiled sources; `as` runs the process under another account. */
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

  /** The next line of the output. @throws if the process has ended */
  async next<T = Answer>(): Promise<T> {
    const { value, done } = await this.lines.next();
    if (done) throw new Error('the child process has ended');
    return JSON.parse(value) as T;
  }

  tell(word: 'stop' | 'insert'): void {
    this.child.stdin!.write(`${word}\n`);
  }

  /** Makes the process call stop(), and waits for its end. */
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
