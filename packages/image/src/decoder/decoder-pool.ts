import { availableParallelism } from 'node:os';
import type { PrepareOptions } from '../resize-image.js';
import { startChild, type Child } from './child.js';
import { refuseFailure, revived, startError, type Failure } from './failure.js';
import { memoryNeeded, type KnownSize } from './memory-needed.js';
import type {
  DecoderLimits,
  DecoderMessage,
  DecoderTask,
  PreparedFile,
  ProbedFile,
  SourceFile,
} from './protocol.js';

/** Processes that decode pictures, so that a picture which makes a decoder crash or hang ends none but its own. */
export interface DecoderPool {
  /**
   * Reads the header of a picture file without decoding it.
   * @throws AtelierError INPUT_INVALID where the picture cannot be used, or made the decoder crash or hang;
   * INPUT_MISSING or INPUT_CHANGED where the file is not what it was; PROGRAM_FAILED where no process starts
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

/** A picture in hand. */
interface Job {
  readonly id: number;
  readonly task: DecoderTask;
  readonly memoryBytes: number;
  /** It was there when a process came to its end: it is tried again with nothing else in a fresh one. */
  isSuspect: boolean;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

interface Member {
  readonly child: Child;
  readonly jobs: Map<number, { readonly job: Job; readonly timer: NodeJS.Timeout }>;
  isReady: boolean;
  /** It has had a picture: what that left behind in its memory may be the next one's end. */
  isUsed: boolean;
  /** Why it was killed. */
  failure?: Failure;
}

/** More processes than this are no faster: each takes more pictures at once instead. */
const MAX_PROCESSES = 8;
/** Pictures at once for each core, as in the stages: decoding waits for the disk now and then. */
const PICTURES_PER_CORE = 2;
/** So many processes in a row may end before they are ready. */
const MAX_FAILED_STARTS = 3;
const START_TIMEOUT_MS = 60_000;

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
  const processes = options.processes ?? Math.min(cores, MAX_PROCESSES);
  const perProcess = options.perProcess ?? Math.ceil((cores * PICTURES_PER_CORE) / processes);
  const { program = PROGRAM, idleMs = 2000 } = options;
  const queue: Job[] = [];
  const members = new Set<Member>();
  let lastId = 0;
  let failedStarts = 0;
  let idleTimer: NodeJS.Timeout | undefined;

  const working = () => [...members].flatMap(({ jobs }) => [...jobs.values()].map(({ job }) => job));
  const isAlone = ({ jobs }: Member) => [...jobs.values()].some(({ job }) => job.isSuspect);

  /** Gives out pictures in their order, as long as there is memory and a process for the first. */
  function dispatch(): void {
    for (let job = queue[0]; job !== undefined; job = queue[0]) {
      const member = hasRoom(job) ? (job.isSuspect ? freshMember() : leastBusyMember()) : undefined;
      if (member === undefined) break;
      queue.shift();
      assign(member, job);
    }
    startMembers();
    const isBusy = queue.length > 0 || working().length > 0;
    for (const { child } of members) child.hold(isBusy);
    clearTimeout(idleTimer);
    if (!isBusy && members.size > 0) idleTimer = setTimeout(rest, idleMs).unref();
  }

  function hasRoom({ memoryBytes, task }: Job): boolean {
    const taken = working().reduce((sum, job) => sum + job.memoryBytes, 0);
    return taken === 0 || taken + memoryBytes <= task.limits.maxMemoryBytes;
  }

  function leastBusyMember(): Member | undefined {
    const open = [...members].filter(
      (member) => member.isReady && member.jobs.size < perProcess && !isAlone(member),
    );
    return open.sort((a, b) => a.jobs.size - b.jobs.size)[0];
  }

  function freshMember(): Member | undefined {
    const idle = [...members].filter(({ isReady, jobs }) => isReady && jobs.size === 0);
    const fresh = idle.find(({ isUsed }) => !isUsed);
    if (fresh === undefined && members.size >= processes && idle[0] !== undefined) dismiss(idle[0]);
    return fresh;
  }

  function startMembers(): void {
    const inHand = queue.length + working().length;
    const isWaiting = queue[0]?.isSuspect === true && ![...members].some(({ isUsed }) => !isUsed);
    const wanted = Math.min(processes, Math.max(inHand, isWaiting ? members.size + 1 : 0));
    while (members.size < wanted) startMember();
  }

  function startMember(): void {
    const timer = setTimeout(() => child.kill(), START_TIMEOUT_MS);
    const child = startChild(
      { program, threads: perProcess + 2 },
      {
        onMessage: (message) => {
          clearTimeout(timer);
          onMessage(member, message);
        },
        onExit: (how) => {
          clearTimeout(timer);
          onExit(member, how);
        },
      },
    );
    const member: Member = { child, jobs: new Map(), isReady: false, isUsed: false };
    members.add(member);
  }

  function assign(member: Member, job: Job): void {
    const timer = setTimeout(() => {
      member.failure = { kind: 'hang' };
      member.child.kill();
    }, job.task.limits.timeoutMs);
    member.isUsed = true;
    member.jobs.set(job.id, { job, timer });
    member.child.send({ id: job.id, task: job.task });
  }

  function onMessage(member: Member, message: DecoderMessage): void {
    if (message.kind === 'ready') {
      member.isReady = true;
      failedStarts = 0;
    } else if (message.kind === 'memory') {
      member.failure = { kind: 'memory' };
      member.child.kill();
    } else {
      const taken = member.jobs.get(message.id);
      if (taken === undefined) return;
      clearTimeout(taken.timer);
      member.jobs.delete(message.id);
      if (message.kind === 'done') taken.job.resolve(message.result);
      else taken.job.reject(revived(message.error));
    }
    dispatch();
  }

  function onExit(member: Member, how: string): void {
    if (!members.delete(member)) return; // dismissed
    if (!member.isReady) failStart(how);
    const failure = member.failure ?? { kind: 'crash', how };
    const again: Job[] = [];
    for (const { job, timer } of member.jobs.values()) {
      clearTimeout(timer);
      if (job.isSuspect) job.reject(refuseFailure(failure, job.task.limits));
      else again.push(Object.assign(job, { isSuspect: true }));
    }
    queue.unshift(...again);
    dispatch();
  }

  function failStart(how: string): void {
    failedStarts += 1;
    if (failedStarts < MAX_FAILED_STARTS) return;
    failedStarts = 0;
    for (const job of queue.splice(0)) job.reject(startError(how));
  }

  function dismiss(member: Member): void {
    members.delete(member);
    member.child.kill();
  }

  function rest(): void {
    for (const member of [...members]) if (member.jobs.size === 0) dismiss(member);
  }

  function run(task: DecoderTask, memoryBytes: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      lastId += 1;
      queue.push({ id: lastId, task, memoryBytes, isSuspect: false, resolve, reject });
      dispatch();
    });
  }

  return {
    probe: ({ path, sha256 }, limits) =>
      run(
        { kind: 'probe', source: { path, ...(sha256 !== undefined && { sha256 }) }, limits },
        0,
      ) as Promise<ProbedFile>,
    prepare: ({ size, ...source }, { limits, resize }) =>
      run(
        { kind: 'prepare', source, limits, resize },
        size === undefined ? 0 : memoryNeeded(size),
      ) as Promise<PreparedFile>,
    rest,
  };
}

let shared: DecoderPool | undefined;

/** The pool of this program: stages that run one after another in one process use the same processes. */
export function sharedDecoderPool(): DecoderPool {
  shared ??= createDecoderPool();
  return shared;
}
