import { Worker } from 'node:worker_threads';
import { AtelierError, messageOf } from '@atelier/core';
import { batchRing, breakOff, release, slotBatch, type BatchRing } from './batch-ring.js';
import type { BatchSource, LoadedBatch } from './batch-source.js';
import type { LoaderOptions } from './fill-batch.js';
import type { LoaderMessage, LoaderWorkerData, PassRequest } from './loader-worker.js';

/** How far ahead the thread works, and where its program is. */
export interface WorkerSourceOptions {
  /** The largest batch that will be asked for. */
  readonly batchSize: number;
  /** Batches in memory at once: the one in use and those ahead of it. */
  readonly slots?: number;
  readonly program?: URL;
}

/**
 * Fills batches in a thread of its own, ahead of the training step, through shared memory: the same batches as
 * {@link directSource}'s. One pass at a time; a pass that is left early is broken off.
 */
export function workerSource(
  options: LoaderOptions,
  { batchSize, slots = 4, program = new URL('./loader-worker.js', import.meta.url) }: WorkerSourceOptions,
): BatchSource {
  const pictureLength = options.dataset.shape.reduce((product, side) => product * side, 1);
  const ring = batchRing({ slots, capacity: batchSize, pictureLength });
  const workerData: LoaderWorkerData = { options, ring };
  const worker = new Worker(program, { workerData });
  const inbox = messagesOf(worker);
  let passes = 0;
  return {
    batches(pass) {
      const id = ++passes;
      return walk({ ring, inbox, id }, () => worker.postMessage({ id, pass } satisfies PassRequest));
    },
    async close() {
      breakOff(ring, passes);
      await worker.terminate();
    },
  };
}

interface Walk {
  readonly ring: BatchRing;
  readonly inbox: Inbox;
  readonly id: number;
}

async function* walk({ ring, inbox, id }: Walk, start: () => void): AsyncGenerator<LoadedBatch> {
  let ended = false;
  start();
  try {
    for (;;) {
      const message = await inbox.next();
      ended = message.kind !== 'batch';
      if (message.kind === 'error') throw new AtelierError(message.fields);
      if (message.kind === 'end') return;
      yield slotBatch(ring, message.slot, message.rows);
      release(ring, message.slot);
    }
  } finally {
    if (!ended) {
      breakOff(ring, id);
      while ((await inbox.next()).kind === 'batch'); // those that were under way
      breakOff(ring, id);
    }
  }
}

/** The messages of a worker, one after another. */
interface Inbox {
  /** @throws AtelierError TRAINING_FAILED where the thread has ended */
  next(): Promise<LoaderMessage>;
}

function messagesOf(worker: Worker): Inbox {
  const waiting: LoaderMessage[] = [];
  let failure: AtelierError | undefined;
  let wake: (() => void) | undefined;
  const end = (problem: string, cause?: unknown) => {
    failure ??= new AtelierError({
      code: 'TRAINING_FAILED',
      action: 'load the training data',
      problem,
      hint: 'Start it again with --resume; with --verbose it says more.',
      cause,
    });
    wake?.();
  };
  worker.on('message', (message: LoaderMessage) => {
    waiting.push(message);
    wake?.();
  });
  worker.on('error', (error) => end(`the loader's thread failed (${messageOf(error)})`, error));
  worker.on('exit', () => end("the loader's thread has ended"));
  return {
    async next() {
      while (waiting.length === 0) {
        if (failure !== undefined) throw failure;
        await new Promise<void>((resolve) => (wake = resolve));
      }
      return waiting.shift() as LoaderMessage;
    },
  };
}
