import type { Child } from './child.js';
import type { Failure } from './failure.js';
import type { DecoderTask } from './protocol.js';

/** A picture in hand. */
export interface Job {
  readonly id: number;
  readonly task: DecoderTask;
  /** What decoding it takes at worst. */
  readonly memoryBytes: number;
  /** It was there when a process came to its end: it is tried again with nothing else in a fresh one. */
  isSuspect: boolean;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** A process of the pool. */
export interface Member {
  readonly child: Child;
  /** What it works on, by id. */
  readonly jobs: Map<number, { readonly job: Job; readonly timer: NodeJS.Timeout }>;
  isReady: boolean;
  /** It has had a picture: what that left behind in its memory may be the next one's end. */
  isUsed: boolean;
  /** Why it was killed. */
  failure?: Failure;
}

/** All that a pool knows. */
export interface PoolState {
  /** What the processes run. */
  readonly program: URL;
  /** Pictures that one process decodes at once. */
  readonly perProcess: number;
  /** Without work for so long, all processes end. */
  readonly idleMs: number;
  /** Processes at most: fewer than asked for where the system gives no more. */
  processes: number;
  /** Pictures that wait, the next one first. */
  readonly queue: Job[];
  readonly members: Set<Member>;
  failedStarts: number;
  idleTimer?: NodeJS.Timeout;
}

/** The pictures that are being decoded. */
export function workingJobs({ members }: Pick<PoolState, 'members'>): Job[] {
  return [...members].flatMap(({ jobs }) => [...jobs.values()].map(({ job }) => job));
}

/** Whether there is memory for one more: together they may take what one process may; a single one always starts. */
export function hasRoom(state: PoolState, { memoryBytes, task }: Job): boolean {
  const working = workingJobs(state);
  const taken = working.reduce((sum, job) => sum + job.memoryBytes, 0);
  return working.length === 0 || taken + memoryBytes <= task.limits.maxMemoryBytes;
}

/** The process that a picture goes to now, if there is one: a suspect to one that has had none, others to the idlest. */
export function memberFor({ members, perProcess }: PoolState, job: Job): Member | undefined {
  const hasSuspect = ({ jobs }: Member) => [...jobs.values()].some((taken) => taken.job.isSuspect);
  const open = [...members].filter((member) => member.isReady && member.jobs.size < perProcess);
  if (job.isSuspect) return open.find(({ isUsed }) => !isUsed);
  return open.filter((member) => !hasSuspect(member)).sort((a, b) => a.jobs.size - b.jobs.size)[0];
}

/**
 * How many processes there should be: as many as there are pictures in hand, and a fresh one for a suspect, within
 * what is allowed.
 */
export function wantedMembers(state: PoolState): number {
  const { queue, members, processes } = state;
  const inHand = queue.length + workingJobs(state).length;
  return Math.min(processes, awaitsFresh(state) ? Math.max(inHand, members.size + 1) : inHand);
}

/** A process that must make way, so that a fresh one can be started for the suspect that is next. */
export function memberInTheWay(state: PoolState): Member | undefined {
  if (state.members.size < state.processes || !awaitsFresh(state)) return undefined;
  return [...state.members].find(({ isReady, jobs }) => isReady && jobs.size === 0);
}

const awaitsFresh = ({ queue, members }: PoolState) =>
  queue[0]?.isSuspect === true && ![...members].some(({ isUsed }) => !isUsed);
