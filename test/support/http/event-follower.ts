import { get, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';

/** One event of a stream; absent fields are undefined. */
export interface StreamEvent {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: Record<string, unknown>;
}

export interface FollowOptions {
  readonly token: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Reads a stream of events without reconnecting, and keeps all events. */
export class EventFollower {
  readonly events: StreamEvent[] = [];
  text = '';
  ended = false;
  private rest = '';
  private readonly watchers = new Set<() => void>();

  private constructor(private readonly answer: IncomingMessage) {
    answer.setEncoding('utf8').on('data', (piece: string) => {
      this.text += piece;
      const blocks = (this.rest + piece).split('\n\n');
      this.rest = blocks.pop() ?? '';
      this.events.push(...blocks.filter((block) => block.includes('data: ')).map(parsed));
      this.look();
    });
    answer
      .once('error', () => undefined)
      .once('close', () => {
        this.ended = true;
        this.look();
      });
  }

  static open(url: string, { token, headers }: FollowOptions): Promise<EventFollower> {
    return new Promise((resolve, reject) => {
      const options = { agent: false, headers: { authorization: `Bearer ${token}`, ...headers } };
      get(url, options, (answer) => resolve(new EventFollower(answer))).once('error', reject);
    });
  }

  get status(): number | undefined {
    return this.answer.statusCode;
  }

  get headers(): IncomingHttpHeaders {
    return this.answer.headers;
  }

  /** Whether the server completed the answer, instead of only closing the connection. */
  get whole(): boolean {
    return this.answer.complete;
  }

  get subjects(): unknown[] {
    return this.events.filter(({ event }) => event === 'revocation').map(({ data }) => data['subject']);
  }

  /** Resolves once the events satisfy `seen`. @throws if the stream ends before, unless the test expects the end */
  until(seen: (follower: this) => boolean): Promise<this> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = seen(this);
        if (!found && !this.ended) return;
        this.watchers.delete(look);
        if (found) resolve(this);
        else reject(new Error(`the stream ended:\n${this.text}`));
      };
      this.watchers.add(look);
      look();
    });
  }

  pause(): void {
    this.answer.pause();
  }

  close(): void {
    this.answer.destroy();
  }

  private look(): void {
    this.watchers.forEach((look) => look());
  }
}

function parsed(block: string): StreamEvent {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
  return { id: field('id'), event: field('event'), data: JSON.parse(field('data') ?? '{}') as never };
}
