import { createHash } from 'node:crypto';

const FIRST_CAPACITY = 1 << 16;
const EMPTY = 0n;

/**
 * The names a file has had so far, as 64 bits of a hash each: eight to thirty-two bytes a name, where a set of the
 * texts would take a hundred. Of a hundred million names two are taken for one by a chance of one in four thousand.
 */
export class SeenNames {
  private slots = new BigUint64Array(FIRST_CAPACITY);
  private size = 0;

  /** Notes a name. @returns whether it was there already */
  add(name: string): boolean {
    if (this.put(fingerprint(name))) return true;
    if (++this.size * 2 > this.slots.length) this.grow();
    return false;
  }

  has(name: string): boolean {
    return this.slots[this.slotOf(fingerprint(name))] !== EMPTY;
  }

  private put(print: bigint): boolean {
    const slot = this.slotOf(print);
    if (this.slots[slot] !== EMPTY) return true;
    this.slots[slot] = print;
    return false;
  }

  /** Where a fingerprint is or belongs: the first free slot from its own on. There always is one. */
  private slotOf(print: bigint): number {
    const mask = this.slots.length - 1;
    let slot = Number(print & 0xffffffffn) & mask;
    while (this.slots[slot] !== EMPTY && this.slots[slot] !== print) slot = (slot + 1) & mask;
    return slot;
  }

  private grow(): void {
    const before = this.slots;
    this.slots = new BigUint64Array(before.length * 2);
    for (const print of before) if (print !== EMPTY) this.put(print);
  }
}

/** Never zero, which marks an empty slot. */
function fingerprint(name: string): bigint {
  return createHash('sha256').update(name).digest().readBigUInt64LE() | (1n << 63n);
}
