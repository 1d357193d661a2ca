const LINE_EVERY = 100_000;

/** Shows progress on standard error: in place on a terminal, else one line for each 100,000 items. */
export class Progress {
  private shown = 0;

  constructor(private readonly out: NodeJS.WriteStream = process.stderr) {}

  /** @param done number of finished items */
  show(done: number, text: string): void {
    if (this.out.isTTY) {
      this.out.write(`\r${text}\u001b[K`);
      this.shown = done;
    } else if (done - this.shown >= LINE_EVERY) {
      this.out.write(`${text}\n`);
      this.shown = done;
    }
  }

  end(): void {
    if (this.out.isTTY && this.shown > 0) this.out.write('\r\u001b[K');
  }
}
