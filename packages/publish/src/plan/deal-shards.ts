import { createHash } from 'node:crypto';
import { compareCodePoints, groupBy, SPLITS, type Split } from '@atelier/core';
import type { PublishedRow } from './published-rows.js';

/** The rows of one file. */
export interface Shard {
  readonly split: Split;
  /** From 0, and how many its split has. */
  readonly index: number;
  readonly count: number;
  /** Mixed: in the order of a hash of their ids, so that no run of one class meets a reader with a small buffer. */
  readonly rows: readonly PublishedRow[];
}

/**
 * Deals the rows of each split to shards, by a hash of the sourceId, so that a changed picture rewrites one shard. The
 * number of shards is a power of two by the bytes of the split, so that it seldom changes as a dataset grows; a shard
 * to which nothing falls does not exist.
 * @param bytesOf what a row takes in a shard
 */
export function dealShards(
  rows: readonly PublishedRow[],
  { maxShardBytes, bytesOf }: { maxShardBytes: number; bytesOf: (row: PublishedRow) => number },
): Shard[] {
  const bySplit = groupBy(rows, (row) => row.split);
  return SPLITS.flatMap((split) => {
    const own = bySplit.get(split) ?? [];
    const bytes = own.reduce((sum, row) => sum + bytesOf(row), 0);
    const wanted = Math.min(2 ** Math.ceil(Math.log2(Math.max(1, bytes / maxShardBytes))), own.length);
    const dealt = Array.from({ length: wanted }, (): { row: PublishedRow; order: string }[] => []);
    for (const row of own) {
      const shard = digest(row.sourceId).readUInt32LE(0) % wanted;
      dealt[shard]?.push({ row, order: digest(row.sampleId).toString('hex') });
    }
    const filled = dealt.filter((members) => members.length > 0);
    return filled.map((members, index) => ({
      split,
      index,
      count: filled.length,
      rows: members.sort((a, b) => compareCodePoints(a.order, b.order)).map(({ row }) => row),
    }));
  });
}

const digest = (text: string) => createHash('sha256').update(text).digest();
