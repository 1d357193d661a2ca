import { Injectable } from '@nestjs/common';

/** Whether the process still wants new requests. */
@Injectable()
export class Lifecycle {
  private stopping = false;
  private underWay = 0;
  private readonly enders: Array<() => void> = [];

  get draining(): boolean {
    return this.stopping;
  }

  /** Requests that have arrived and are not answered yet. */
  get requests(): number {
    return this.underWay;
  }

  requestBegins(): void {
    this.underWay++;
  }

  requestEnds(): void {
    this.underWay--;
  }

  /** From now on readiness says no, so that balancers look elsewhere while the rest is served. */
  drain(): void {
    this.stopping = true;
    for (const end of this.enders) end();
  }

  /** For what would keep the process from stopping: `end` is called the moment that begins. */
  onDrain(end: () => void): void {
    this.enders.push(end);
  }
}
