import type { Split } from '@atelier/core';

/** One walk over a split, batch by batch. */
export interface Pass {
  readonly split: Split;
  readonly batchSize: number;
  /**
   * The epoch (from 0) that the order of the rows and the random transforms are drawn for; null = file order, pictures
   * as they are.
   */
  readonly epoch: number | null;
  /** Batches of the pass to leave out, because they were trained on before an interruption. */
  readonly fromStep: number;
}

/** Some rows of a split. */
export interface LoadedBatch {
  /** uint8 [rows, height, width, 3], 0-255; holds until the next batch is asked for. */
  readonly pixels: Uint8Array;
  /** int32 [rows], class indices. */
  readonly labels: Int32Array;
  /** uint32 [rows], the rows of the split, in the order of its shards. */
  readonly rows: Uint32Array;
}

/** Where batches come from; the same batches from every implementation, whatever the timing. */
export interface BatchSource {
  /** The last batch of a pass is the rest and may be smaller. */
  batches(pass: Pass): AsyncIterable<LoadedBatch>;
  close(): Promise<void>;
}
