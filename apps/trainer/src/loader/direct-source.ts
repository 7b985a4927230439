import type { Split } from '@atelier/core';
import type { BatchSource, LoadedBatch, Pass } from './batch-source.js';
import { batchFiller, type LoaderOptions } from './fill-batch.js';
import { openSplit, type OpenSplit } from './open-split.js';
import { rowOrder } from './row-order.js';

/** Fills batches in the calling thread, each when it is asked for: the reference for the worker's. */
export async function directSource(options: LoaderOptions): Promise<BatchSource> {
  const fill = await batchFiller(options);
  const splits = new Map<Split, OpenSplit>();
  const pictureLength = options.dataset.shape.reduce((product, side) => product * side, 1);
  const open = async (split: Split) => {
    const opened = splits.get(split) ?? (await openSplit(options.dataset, split));
    splits.set(split, opened);
    return opened;
  };
  return {
    async *batches(pass: Pass) {
      const split = await open(pass.split);
      for (const rows of batchRows(pass, { rows: split.rows, seed: options.seed })) {
        const batch: LoadedBatch = {
          pixels: new Uint8Array(rows.length * pictureLength),
          labels: new Int32Array(rows.length),
          rows,
        };
        fill(split, pass, batch);
        yield batch;
      }
    },
    async close() {
      for (const split of splits.values()) split.close();
      splits.clear();
    },
  };
}

/** The rows of each batch of a pass, from `fromStep` on. */
export function* batchRows(
  pass: Pass,
  { rows, seed }: { rows: number; seed: number },
): Generator<Uint32Array> {
  const order = rowOrder(pass, { rows, seed });
  for (let start = pass.fromStep * pass.batchSize; start < rows; start += pass.batchSize) {
    yield order.slice(start, start + pass.batchSize);
  }
}
