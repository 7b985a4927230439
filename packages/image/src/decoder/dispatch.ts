import { startChild } from './child.js';
import { refuseFailure, revived, startError } from './failure.js';
import {
  hasRoom,
  memberFor,
  memberInTheWay,
  wantedMembers,
  workingJobs,
  type Job,
  type Member,
  type PoolState,
} from './pool-state.js';
import type { DecoderMessage } from './protocol.js';

/** So many processes in a row may end before they are ready. */
const MAX_FAILED_STARTS = 3;
const START_TIMEOUT_MS = 60_000;

/** Gives out pictures in their order, as long as there is memory and a process for the first; starts processes. */
export function dispatch(state: PoolState): void {
  const { queue, members } = state;
  for (let job = queue[0]; job !== undefined; job = queue[0]) {
    const member = hasRoom(state, job) ? memberFor(state, job) : undefined;
    if (member === undefined) break;
    queue.shift();
    assign(member, job);
  }
  const inTheWay = memberInTheWay(state);
  if (inTheWay !== undefined) dismiss(state, inTheWay);
  while (members.size < wantedMembers(state)) startMember(state);
  const isBusy = queue.length > 0 || workingJobs(state).length > 0;
  for (const { child } of members) child.hold(isBusy);
  clearTimeout(state.idleTimer);
  if (!isBusy && members.size > 0) state.idleTimer = setTimeout(() => rest(state), state.idleMs).unref();
}

/** Ends the processes that have nothing to do. */
export function rest(state: PoolState): void {
  for (const member of [...state.members]) if (member.jobs.size === 0) dismiss(state, member);
}

/** Ends a process that has nothing to do. */
function dismiss({ members }: PoolState, member: Member): void {
  members.delete(member);
  member.child.kill();
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

function startMember(state: PoolState): void {
  const timer = setTimeout(() => child.kill(), START_TIMEOUT_MS).unref(); // whoever waits for it holds the process
  const child = startChild(
    { program: state.program, threads: state.perProcess + 2 }, // two more, for reading files
    {
      onMessage(message) {
        clearTimeout(timer);
        take(member, message);
        if (message.kind === 'ready') state.failedStarts = 0;
        dispatch(state);
      },
      onExit(how) {
        clearTimeout(timer);
        if (!state.members.delete(member)) return; // dismissed
        if (!member.isReady) failStart(state, how);
        state.queue.unshift(...suspects(member, how));
        dispatch(state);
      },
    },
  );
  const member: Member = { child, jobs: new Map(), isReady: false, isUsed: false };
  state.members.add(member);
}

function take(member: Member, message: DecoderMessage): void {
  if (message.kind === 'ready') {
    member.isReady = true;
    return;
  }
  if (message.kind === 'memory') {
    member.failure = { kind: 'memory' };
    member.child.kill();
    return;
  }
  const taken = member.jobs.get(message.id);
  if (taken === undefined) return;
  clearTimeout(taken.timer);
  member.jobs.delete(message.id);
  if (message.kind === 'done') taken.job.resolve(message.result);
  else taken.job.reject(revived(message.error));
}

/** Refuses the suspect that a process ended with; the others become suspects. @returns those to be tried again */
function suspects({ jobs, failure }: Member, how: string): Job[] {
  const again: Job[] = [];
  for (const { job, timer } of jobs.values()) {
    clearTimeout(timer);
    if (job.isSuspect) job.reject(refuseFailure(failure ?? { kind: 'crash', how }, job.task.limits));
    else again.push(Object.assign(job, { isSuspect: true }));
  }
  return again;
}

/** A process ended before it was ready: with what there is, if there is any; else, after some tries, all fails. */
function failStart(state: PoolState, how: string): void {
  state.failedStarts += 1;
  if (state.failedStarts < MAX_FAILED_STARTS) return;
  state.failedStarts = 0;
  if (state.members.size > 0) state.processes = state.members.size;
  else for (const job of state.queue.splice(0)) job.reject(startError(how));
}
