import { Worker } from 'node:worker_threads';
import type { DatasetCheck, StageStatus } from '@atelier/pipeline';

/** How a dataset stands, found out by planning every stage as a dry run does. */
export interface Look {
  /** ISO 8601, UTC. */
  readonly at: string;
  /** A later look is under way. */
  readonly renewing: boolean;
  readonly status: readonly StageStatus[];
  /** null where ingest has not run, or its manifest is damaged. */
  readonly check: DatasetCheck | null;
  /** Why looking failed as a whole; null where it did not. */
  readonly problem: string | null;
}

/** What the thread answers. */
export type LookAnswer = Pick<Look, 'status' | 'check' | 'problem'>;

/** The built program, from src/ (as tests run) as from dist/: Node runs no TypeScript. */
const PROGRAM = new URL('../../dist/dataset/look-thread.js', import.meta.url);
/** A look is renewed when it is older than this, and than ten times what it took. */
const FRESH_MS = 10_000;

/**
 * Looks at a dataset in a thread of its own, when it is asked for: it plans every stage, which for a large dataset takes
 * seconds and memory that the thread's end gives back.
 * @param first what is waited for before a look begins, since lists are wanted sooner; it may fail
 */
export function lookAtDataset(
  root: string,
  first: () => Promise<unknown>,
): { current(): Look | null; close(): Promise<void> } {
  let latest: (LookAnswer & { readonly at: string }) | null = null;
  let worker: Worker | undefined;
  let renewAfter = 0;
  let waiting = false;
  let closed = false;
  const start = () => {
    const began = performance.now();
    const done = (answer: LookAnswer) => {
      latest = { ...answer, at: new Date().toISOString() };
      renewAfter = performance.now() + Math.max(FRESH_MS, 10 * (performance.now() - began));
    };
    if (closed) return;
    const thread = new Worker(PROGRAM, { workerData: { root } });
    thread.unref();
    worker = thread;
    thread.on('message', (answer: LookAnswer) => done(answer));
    thread.on('error', (error) => done({ status: [], check: null, problem: error.message }));
    thread.on('exit', () => (worker = undefined));
  };
  return {
    current() {
      if (worker === undefined && !waiting && performance.now() >= renewAfter) {
        waiting = true;
        void first()
          .catch(() => undefined) // the look tells what is wrong itself
          .then(start)
          .finally(() => (waiting = false));
      }
      return latest === null ? null : { ...latest, renewing: waiting || worker !== undefined };
    },
    async close() {
      closed = true;
      await worker?.terminate();
    },
  };
}
