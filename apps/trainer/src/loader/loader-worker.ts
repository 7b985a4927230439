/** The loader's thread: fills the slots of a shared ring, ahead of the training step. */
import { parentPort, workerData } from 'node:worker_threads';
import { AtelierError, messageOf, type ErrorFields, type Split } from '@atelier/core';
import { markFull, slotBatch, waitForSlot, type BatchRing } from './batch-ring.js';
import type { Pass } from './batch-source.js';
import { batchRows } from './direct-source.js';
import { batchFiller, type FillBatch, type LoaderOptions } from './fill-batch.js';
import { openSplit, type OpenSplit } from './open-split.js';

/** What the thread is started with. */
export interface LoaderWorkerData {
  readonly options: LoaderOptions;
  readonly ring: BatchRing;
}

/** What it is asked: one pass at a time, each with a number of its own from 1. */
export interface PassRequest {
  readonly id: number;
  readonly pass: Pass;
}

/** What it answers: its batches in order, each in a slot, then the end; or an error. */
export type LoaderMessage =
  | { readonly kind: 'batch'; readonly slot: number; readonly rows: number }
  | { readonly kind: 'end' }
  | { readonly kind: 'error'; readonly fields: Omit<ErrorFields, 'cause'> };

const { options, ring } = workerData as LoaderWorkerData;
const splits = new Map<Split, OpenSplit>();
let filler: Promise<FillBatch> | undefined;

async function runPass({ id, pass }: PassRequest): Promise<void> {
  const fill = await (filler ??= batchFiller(options));
  const split = splits.get(pass.split) ?? (await openSplit(options.dataset, pass.split));
  splits.set(pass.split, split);
  let slot = 0;
  for (const rows of batchRows(pass, { rows: split.rows, seed: options.seed })) {
    if (!waitForSlot(ring, slot, id)) break;
    const batch = slotBatch(ring, slot, rows.length);
    batch.rows.set(rows);
    fill(split, pass, batch);
    markFull(ring, slot);
    answer({ kind: 'batch', slot, rows: rows.length });
    slot = (slot + 1) % ring.slots;
  }
  answer({ kind: 'end' });
}

function answer(message: LoaderMessage): void {
  parentPort?.postMessage(message);
}

function errorFields(error: unknown): Omit<ErrorFields, 'cause'> {
  if (error instanceof AtelierError) return error.toJSON();
  return {
    code: 'READ_FAILED',
    action: 'load the training data',
    problem: messageOf(error),
    hint: 'Run "npx atelier preprocess" again.',
  };
}

parentPort?.on('message', (request: PassRequest) => {
  runPass(request).catch((error: unknown) => answer({ kind: 'error', fields: errorFields(error) }));
});
