import { Injectable } from '@nestjs/common';

/** Counts open requests and says whether the process is shutting down. */
@Injectable()
export class Lifecycle {
  private stopping = false;
  private underWay = 0;
  private readonly enders: Array<() => void> = [];

  get draining(): boolean {
    return this.stopping;
  }

  /** How many requests have arrived and are not answered yet. */
  get requests(): number {
    return this.underWay;
  }

  requestBegins(): void {
    this.underWay++;
  }

  requestEnds(): void {
    this.underWay--;
  }

  /** Begins the shutdown: readiness fails from now on, so balancers send new requests to other instances. */
  drain(): void {
    this.stopping = true;
    for (const end of this.enders) end();
  }

  /** Registers `end`, which closes something that would delay the shutdown; it is called when {@link drain} is. */
  onDrain(end: () => void): void {
    this.enders.push(end);
  }
}
