/** A bound on what the entries weigh together, such as their bytes. */
export interface Weights {
  /** The most that one generation weighs. */
  readonly max: number;
  readonly of: (key: string) => number;
}

/**
 * Keeps the entries that were written or read most recently: at least `capacity` of them, at most twice as many, and
 * fewer where they would weigh more than twice the maximum. Two generations of entries replace each other, so reads and
 * writes take constant time when the cache is full.
 */
export class LruCache<V> {
  private young = new Map<string, V>();
  private old = new Map<string, V>();

  private youngWeight = 0;

  constructor(
    private readonly capacity: number,
    private readonly weights?: Weights,
  ) {}

  get(key: string): V | undefined {
    const found = this.young.get(key);
    if (found !== undefined) return found;
    const aged = this.old.get(key);
    if (aged !== undefined) this.set(key, aged);
    return aged;
  }

  set(key: string, value: V): void {
    const weight = this.weights?.of(key) ?? 0;
    const isFull =
      this.young.size >= this.capacity ||
      (this.weights !== undefined && this.youngWeight + weight > this.weights.max);
    if (isFull) {
      this.old = this.young;
      this.young = new Map();
      this.youngWeight = 0;
    }
    this.young.set(key, value);
    this.youngWeight += weight;
  }

  get size(): number {
    return this.young.size + this.old.size;
  }
}
