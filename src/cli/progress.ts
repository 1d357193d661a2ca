const LINE_EVERY = 100_000;

/** Tells on standard error how far a command is: in place on a terminal, else a line every hundred thousand. */
export class Progress {
  private told = 0;

  constructor(private readonly out: NodeJS.WriteStream = process.stderr) {}

  /** @param done of so many; @param text what is told */
  show(done: number, text: string): void {
    if (this.out.isTTY) {
      this.out.write(`\r${text}\u001b[K`);
      this.told = done;
    } else if (done - this.told >= LINE_EVERY) {
      this.out.write(`${text}\n`);
      this.told = done;
    }
  }

  end(): void {
    if (this.out.isTTY && this.told > 0) this.out.write('\r\u001b[K');
  }
}
