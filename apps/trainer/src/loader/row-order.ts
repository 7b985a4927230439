import { permutation, randomStream } from '@atelier/core';
import type { Pass } from './batch-source.js';

/**
 * The rows of a pass in their order: each row once, shuffled over the whole split by (seed, epoch), or as they lie in
 * the shards.
 */
export function rowOrder(
  pass: Pick<Pass, 'epoch'>,
  { rows, seed }: { rows: number; seed: number },
): Uint32Array {
  if (pass.epoch === null) return Uint32Array.from({ length: rows }, (_, row) => row);
  return permutation(rows, randomStream(seed, ['train', 'shuffle', String(pass.epoch)]));
}

/** Batches in a split of so many rows. */
export const batchCount = (rows: number, batchSize: number): number => Math.ceil(rows / batchSize);
