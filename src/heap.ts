import { setFlagsFromString } from 'node:v8';

/**
 * How much garbage may lie about before it is collected, in percent of what was alive last time. By itself Node takes
 * what the machine has to give, several times of it; collecting sooner costs nothing that can be measured here.
 */
const GROWTH_PERCENT = 30;

/** Keeps the process small. To be called before there is much in memory. */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
