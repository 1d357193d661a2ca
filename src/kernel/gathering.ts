interface Asked<Q, A> {
  readonly question: Q;
  readonly resolve: (answer: A) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Puts the questions of many askers together. Those that come while others are under way go with the next, so that a
 * round trip under load is shared, and nobody who is alone waits for company. A question is put only after it was
 * asked: no answer is older than its question.
 */
export class Gathering<Q, A> {
  private waiting: Array<Asked<Q, A>> = [];
  private underWay = 0;
  private leaving = false;

  /**
   * @param put answers each question at its place; where it throws, all who asked get its error
   * @param atOnce how many may be under way
   * @param together how many questions go together at most
   */
  constructor(
    private readonly put: (questions: readonly Q[]) => Promise<readonly A[]>,
    private readonly atOnce: number,
    private readonly together: number,
  ) {}

  ask(question: Q): Promise<A> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ question, resolve, reject });
      this.leave();
    });
  }

  /** Not before what else has arrived in this moment was read. */
  private leave(): void {
    if (this.leaving || !this.mayLeave) return;
    this.leaving = true;
    setImmediate(() => {
      this.leaving = false;
      while (this.mayLeave) void this.send(this.waiting.splice(0, this.together));
    });
  }

  private get mayLeave(): boolean {
    return this.waiting.length > 0 && this.underWay < this.atOnce;
  }

  private async send(asked: ReadonlyArray<Asked<Q, A>>): Promise<void> {
    this.underWay++;
    try {
      const answers = await this.put(asked.map(({ question }) => question));
      asked.forEach(({ resolve }, place) => resolve(answers[place] as A));
    } catch (error) {
      for (const { reject } of asked) reject(error);
    } finally {
      this.underWay--;
      this.leave();
    }
  }
}
