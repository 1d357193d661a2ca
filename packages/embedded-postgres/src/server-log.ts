import { closeSync, openSync } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';

const MAX_BYTES = 10 * 1024 * 1024;

/**
 * The server's log file. At each start a log over 10 MiB is renamed to `<path>.1`, replacing the previous one.
 */
export class ServerLog {
  private constructor(
    private readonly path: string,
    private readonly start: number,
  ) {}

  /** Rotates a log that is too long, and notes where the lines of this start begin. */
  static async begin(path: string): Promise<ServerLog> {
    const size = await sizeOf(path);
    if (size <= MAX_BYTES) return new ServerLog(path, size);
    // When two processes start at once, the second rename finds no file.
    await rename(path, `${path}.1`).catch(() => undefined);
    return new ServerLog(path, await sizeOf(path));
  }

  /** Calls `use` with a file descriptor to which a child process can append, and closes it afterwards. */
  appending<T>(use: (descriptor: number) => T): T {
    const descriptor = openSync(this.path, 'a', 0o600);
    try {
      return use(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }

  /**
   * The lines about a failed start: at most ten errors, or the last ten lines when there are none. They contain no data,
   * because the server's settings keep statements and details out of the log.
   */
  async relevantLines(): Promise<string> {
    const lines = (await this.read()).split('\n').filter((line) => line.trim() !== '');
    const errors = lines.filter((line) => /FATAL|PANIC|ERROR|HINT|error|not found|denied|refused/.test(line));
    return (errors.length > 0 ? errors : lines).slice(-10).join('\n');
  }

  private async read(): Promise<string> {
    const file = await open(this.path, 'r').catch(() => undefined);
    if (!file) return '';
    try {
      const from = Math.max(this.start, (await file.stat()).size - 64 * 1024);
      const { buffer, bytesRead } = await file.read({ position: from, buffer: Buffer.alloc(64 * 1024) });
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}
