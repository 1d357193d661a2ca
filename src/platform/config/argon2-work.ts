export const ARGON2_DEFAULT = { memoryKib: 19_456, time: 2, parallelism: 1 } as const;

/** Limits of one hash. The settings keep to them too, so every hash of the service verifies. */
export const ARGON2_MAX = { memoryKib: 524_288, time: 20, parallelism: 64 } as const;

/** Threads are created for each lane, four times in each pass; together they take as long as so many KiB. */
const KIB_PER_THREADED_LANE = 400;

/**
 * The work of one argon2 hash. The unit is one KiB of memory in one pass; passwords/hash-work.ts converts the parameters
 * of other hashes.
 */
export function argon2Work(memoryKib: number, time: number, lanes: number): number {
  return time * (memoryKib + (lanes > 1 ? lanes * KIB_PER_THREADED_LANE : 0));
}

/** The most work of checking one password: fifty times that of a hash with the default settings. */
export const HASH_WORK_MAX = 50 * argon2Work(ARGON2_DEFAULT.memoryKib, ARGON2_DEFAULT.time, 1);
