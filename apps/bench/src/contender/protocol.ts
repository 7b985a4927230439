/**
 * What the bench and a contender's process say to each other: a JSON object per line. The process gets its options as
 * its one argument, answers {@link Ready} once it is built, then one {@link Timings} to each {@link TurnRequest}
 * on stdin. Between turns it waits for stdin and does nothing; at stdin's end it ends.
 */

/** What a contender's process is started with. */
export interface ContenderOptions {
  readonly mode: string;
  readonly batchSize: number;
  readonly classes: number;
  readonly height: number;
  readonly width: number;
  readonly evaluateBatches: number;
  /** Whether Keras compiles with XLA. */
  readonly jit: boolean;
  /** The bench's dataset, absolute; null for a task that works on a batch in memory. */
  readonly dataset: string | null;
  /** Its folder of resized pictures, a sub-folder per class. */
  readonly pictures: string | null;
}

/** The first answer. */
export interface Ready {
  readonly ready: true;
  /** Library name -> version. */
  readonly versions: Readonly<Record<string, string>>;
}

/** What is asked. */
export interface TurnRequest {
  /** Units to run. */
  readonly count: number;
}

/** What is answered. */
export interface Timings {
  /** One per unit. */
  readonly durationsMs: readonly number[];
  /** The loss of the last unit, so that nobody is fast by computing nothing; null where there is none. */
  readonly loss: number | null;
}
