import { availableParallelism } from 'node:os';
import type { PrepareOptions } from '../resize-image.js';
import { dispatch, rest } from './dispatch.js';
import { memoryNeeded, type KnownSize } from './memory-needed.js';
import type { Job, PoolState } from './pool-state.js';
import type { DecoderLimits, DecoderTask, PreparedFile, ProbedFile, SourceFile } from './protocol.js';

/** Processes that decode pictures, so that a picture which makes a decoder crash or hang ends none but its own. */
export interface DecoderPool {
  /**
   * Reads the header of a picture file without decoding it.
   * @throws AtelierError INPUT_INVALID where the picture cannot be used, or made the decoder crash or hang;
   * INPUT_MISSING or INPUT_CHANGED where the file is not what it was, READ_FAILED where one whose digest is not known
   * cannot be read; PROGRAM_FAILED where no process starts
   */
  probe(source: SourceFile, limits: DecoderLimits): Promise<ProbedFile>;
  /**
   * Decodes a picture file in full and brings it to the one size.
   * @param source with its size, where that is known: large pictures then wait until there is memory
   * @throws AtelierError as {@link DecoderPool.probe}
   */
  prepare(
    source: SourceFile & { readonly size?: KnownSize | undefined },
    options: PrepareOptions & { readonly limits: DecoderLimits },
  ): Promise<PreparedFile>;
  /** Ends the processes that have nothing to do. A later call starts new ones. */
  rest(): void;
}

/** How a pool is made; every value has a default. */
export interface DecoderPoolOptions {
  /** Processes at most; the first starts with the first picture. */
  readonly processes?: number;
  /** Pictures that one process decodes at once. */
  readonly perProcess?: number;
  /** Without work for so long, all processes end. */
  readonly idleMs?: number;
  /** What the processes run: a module that calls serveTasks. */
  readonly program?: URL;
}

/** More processes than this are no faster: each takes more pictures at once instead. */
const MAX_PROCESSES = 8;
/** Pictures at once for each core, as in the stages: decoding waits for the disk now and then. */
const PICTURES_PER_CORE = 2;
/** The built program, from src/ (as tests run) as from dist/: Node runs no TypeScript. */
const PROGRAM = new URL('../../dist/decoder/decoder-process.js', import.meta.url);

/**
 * Makes a pool. It starts as many processes as there are pictures in hand, up to `processes`, and none before the
 * first. When a process comes to its end (a crash, a picture that takes longer than `limits.timeoutMs`, more memory
 * than `limits.maxMemoryBytes`), each picture it had in hand is tried again, alone in a fresh process; one that brings
 * down that one too is refused, the others are none the worse.
 */
export function createDecoderPool(options: DecoderPoolOptions = {}): DecoderPool {
  const cores = availableParallelism();
  const { program = PROGRAM, idleMs = 2000, processes = Math.min(cores, MAX_PROCESSES) } = options;
  const perProcess = options.perProcess ?? Math.ceil((cores * PICTURES_PER_CORE) / processes);
  const state: PoolState = {
    program,
    perProcess,
    idleMs,
    processes,
    queue: [],
    members: new Set(),
    failedStarts: 0,
  };
  let lastId = 0;
  const run = <Result>(task: DecoderTask, memoryBytes: number): Promise<Result> =>
    new Promise((resolve, reject) => {
      lastId += 1;
      const job: Job = {
        id: lastId,
        task,
        memoryBytes,
        isSuspect: false,
        resolve: resolve as Job['resolve'],
        reject,
      };
      state.queue.push(job);
      dispatch(state);
    });
  return {
    probe: (source, limits) => run<ProbedFile>({ kind: 'probe', source, limits }, 0),
    prepare({ size, ...source }, { limits, resize }) {
      const memoryBytes = size === undefined ? 0 : memoryNeeded(size);
      return run<PreparedFile>({ kind: 'prepare', source, limits, resize }, memoryBytes);
    },
    rest: () => rest(state),
  };
}

let shared: DecoderPool | undefined;

/** The pool of this program: stages that run one after another in one process use the same processes. */
export function sharedDecoderPool(): DecoderPool {
  shared ??= createDecoderPool();
  return shared;
}
