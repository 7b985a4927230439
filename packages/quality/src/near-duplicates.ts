import { groupBy } from '@atelier/core';

/** What tells whether two pictures are the same. */
export interface Likeness {
  /** Digest of the source file's bytes. */
  readonly sha256: string;
  /** The difference hash of the resized picture: 64 bits as 16 hex digits. */
  readonly dhash: string;
  /** How much there is to see, 0-127.5; see `perceptualHash` of @atelier/image. */
  readonly detail: number;
}

/**
 * Hashes that differ in at most so many of 64 bits count as the same picture: a re-encoding or a smaller copy
 * differs in 1 to 3, different paintings in 6 and more.
 */
export const MAX_DISTANCE = 5;

/** Below so much detail a picture is blank and its hash says nothing; of 532 real paintings the least has 8.8. */
export const MIN_DETAIL = 4;

/** Six bands of 10 or 11 bits: hashes within distance 5 agree in at least one of them. */
const BANDS: readonly (readonly [start: number, bits: number])[] = [
  [0, 11],
  [11, 11],
  [22, 11],
  [33, 11],
  [44, 10],
  [54, 10],
];

/**
 * Groups pictures with the same bytes and, by their perceptual hashes, near-duplicates; a picture like no other
 * is a group of its own. Blank pictures are grouped by their bytes alone.
 */
export function nearDuplicateGroups<Picture extends Likeness>(
  sources: readonly Picture[],
  { byHash }: { byHash: boolean },
): Picture[][] {
  const parent = sources.map((_, i) => i);
  const rootOf = (i: number): number => {
    let root = i;
    while (parent[root] !== root) root = parent[root] = parent[parent[root] as number] as number;
    return root;
  };
  const join = (a: number, b: number) =>
    (parent[Math.max(rootOf(a), rootOf(b))] = Math.min(rootOf(a), rootOf(b)));
  const indices = sources.map((_, i) => i);
  for (const same of groupBy(indices, (i) => (sources[i] as Picture).sha256).values()) {
    for (const i of same) join(same[0] as number, i);
  }
  if (byHash) for (const [a, b] of closePairs(sources)) join(a, b);
  return [...groupBy(indices, rootOf).values()].map((members) => members.map((i) => sources[i] as Picture));
}

/** The pairs within {@link MAX_DISTANCE}, found by bands in about linear time. */
function* closePairs(sources: readonly Likeness[]): Generator<[number, number]> {
  const hashes = sources.map(({ dhash }) => BigInt(`0x${dhash}`));
  const high = Uint32Array.from(hashes, (hash) => Number(hash >> 32n));
  const low = Uint32Array.from(hashes, (hash) => Number(hash & 0xffffffffn));
  const detailed = sources.flatMap(({ detail }, i) => (detail < MIN_DETAIL ? [] : [i]));
  for (const [start, bits] of BANDS) {
    const bandOf = (i: number) => Number(((hashes[i] as bigint) >> BigInt(start)) & BigInt((1 << bits) - 1));
    for (const bucket of groupBy(detailed, bandOf).values()) {
      for (let x = 0; x < bucket.length; x++) {
        for (let y = x + 1; y < bucket.length; y++) {
          const a = bucket[x] as number;
          const b = bucket[y] as number;
          const distance =
            popCount(((high[a] as number) ^ (high[b] as number)) >>> 0) +
            popCount(((low[a] as number) ^ (low[b] as number)) >>> 0);
          if (distance <= MAX_DISTANCE) yield [a, b];
        }
      }
    }
  }
}

/** The bits set in an unsigned 32-bit integer. */
function popCount(value: number): number {
  let v = value - ((value >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
