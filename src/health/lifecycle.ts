import { Injectable } from '@nestjs/common';

/** Whether the process still wants new requests. */
@Injectable()
export class Lifecycle {
  private stopping = false;

  get draining(): boolean {
    return this.stopping;
  }

  /** From now on readiness says no, so that balancers look elsewhere while the rest is served. */
  drain(): void {
    this.stopping = true;
  }
}
