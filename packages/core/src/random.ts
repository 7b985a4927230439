import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';

/**
 * A stream of random numbers that depends on nothing but its name: the same (seed, path) gives the same
 * numbers on every machine, in any order of evaluation and at any concurrency.
 */
export interface RandomStream {
  /** The next unsigned 32-bit integer. */
  uint32(): number;
  /** The next number in [0, 1), a multiple of 2^-32. */
  next(): number;
  /** The next number in [low, high). */
  uniform(low: number, high: number): number;
  /** True with the given probability in [0, 1]. */
  chance(probability: number): boolean;
  /** The next integer in [0, bound), without bias. */
  below(bound: number): number;
  /** The position, to continue the stream later with {@link randomStream}'s `from`. */
  position(): number;
}

/**
 * The random stream of one (seed, name…) path, by Philox4x32-10, a counter-based generator (Salmon et al.,
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011). The key and the upper counter words are the SHA-256
 * of the path, the lower counter words count blocks of four numbers.
 * @param seed the dataset's seed, an integer
 * @param path what the numbers are for: stage, sampleId, …
 * @param from numbers already drawn, as `position()` gave it
 */
export function randomStream(seed: number, path: readonly string[], from = 0): RandomStream {
  const digest = new DataView(sha256(utf8ToBytes(JSON.stringify([seed, ...path]))).buffer);
  const word = (i: number) => digest.getUint32(i * 4, true);
  const key: [number, number] = [word(0), word(1)];
  let drawn = from;
  let block: Uint32Array | undefined;
  const uint32 = (): number => {
    if (block === undefined || drawn % 4 === 0) {
      const counter = Math.floor(drawn / 4);
      block = philox4x32([counter >>> 0, Math.floor(counter / 2 ** 32), word(2), word(3)], key);
    }
    return block[drawn++ % 4] as number;
  };
  const next = () => uint32() / 2 ** 32;
  return {
    uint32,
    next,
    uniform: (low, high) => low + (high - low) * next(),
    chance: (probability) => next() < probability,
    below(bound) {
      const limit = 2 ** 32 - (2 ** 32 % bound);
      let value = uint32();
      while (value >= limit) value = uint32();
      return value % bound;
    },
    position: () => drawn,
  };
}

/** A random order of 0 … count-1 (Fisher-Yates), drawn from `random`. */
export function permutation(count: number, random: RandomStream): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const kept = order[i] as number;
    order[i] = order[j] as number;
    order[j] = kept;
  }
  return order;
}

/**
 * One block of Philox4x32 with 10 rounds: four 32-bit numbers from a 128-bit counter and a 64-bit key.
 * The known-answer vectors of the authors' Random123 library hold.
 */
export function philox4x32(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): Uint32Array {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const low0 = Math.imul(c0, 0xd2511f53) >>> 0;
    const low1 = Math.imul(c2, 0xcd9e8d57) >>> 0;
    const high0 = multiplyHigh(c0, 0xd2511f53);
    const high1 = multiplyHigh(c2, 0xcd9e8d57);
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return Uint32Array.of(c0, c1, c2, c3);
}

/** The upper 32 bits of the 64-bit product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = (middle & 0xffff) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}
