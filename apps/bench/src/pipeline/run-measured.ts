import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { AtelierError } from '@atelier/core';
import type { Program } from '../contender/contender-process.js';
import { parseChildrenTicks, parseCpuTicks, parsePeakMemory } from '../contender/process-facts.js';

/** A program that has run to its end, and what that took. */
export interface MeasuredRun {
  readonly stdout: string;
  /** From its start to its end, in milliseconds. */
  readonly wallMs: number;
  /** Processor time, user and system, of the program and all it started; null where the system does not tell. */
  readonly cpuMs: number | null;
  /** The sum of the peaks (VmHWM) of its processes: an upper bound of what they had in use at once. */
  readonly peakMemoryBytes: number | null;
  /** The peak (VmHWM) of the largest of its processes. */
  readonly largestPeakBytes: number | null;
}

/** How often the processes are looked at; what one took in its last moments is not seen. */
const POLL_MS = 20;
const TICK_MS = 10;

/** Linux tells of processes in /proc; elsewhere there is nothing to see. */
const hasProc = process.platform === 'linux';

/**
 * Runs a program to its end and watches it and all processes that it starts. One at a time: processor time is that of
 * all children of this process that have ended.
 * @param cwd where it runs
 * @throws AtelierError PROGRAM_FAILED with its last words
 */
export async function runMeasured(program: Program, cwd: string): Promise<MeasuredRun> {
  const { file, args, env } = program;
  const cpuBefore = childrenCpuMs();
  const started = performance.now();
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-4_000)));
  const watch = watchProcesses(child.pid);
  const timer = setInterval(watch.look, POLL_MS);
  const ended = await new Promise<string | null>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code === 0 ? null : `it ended with ${code ?? signal}`));
  });
  clearInterval(timer);
  const wallMs = performance.now() - started;
  const cpuAfter = childrenCpuMs();
  // the system counts only processes that somebody waited for, and what was seen lacks the last moments
  const cpuMs =
    cpuBefore === null || cpuAfter === null ? null : Math.max(cpuAfter - cpuBefore, watch.cpuMs());
  if (ended === null) return { stdout, wallMs, cpuMs, ...watch.peaks() };
  throw new AtelierError({
    code: 'PROGRAM_FAILED',
    action: `run ${[file, ...args].join(' ')}`,
    problem: ended,
    hint: stderr.trim() === '' ? 'It said nothing.' : `It said: ${stderr.trim()}`,
  });
}

/** Processor time of the children of this process that have ended, and of theirs. */
const childrenCpuMs = (): number | null =>
  hasProc ? parseChildrenTicks(readFileSync('/proc/self/stat', 'utf8')) * TICK_MS : null;

/** Looks at a process and at all that it starts. */
function watchProcesses(pid: number | undefined) {
  const peaks = new Map<number, number>();
  const ticks = new Map<number, number>();
  if (pid !== undefined && hasProc) peaks.set(pid, 0);
  const lookAt = (id: number): void => {
    try {
      // a process that has ended and waits to be asked has no memory any more
      const bytes = parsePeakMemory(readFileSync(`/proc/${id}/status`, 'utf8'));
      if (bytes !== null) peaks.set(id, bytes);
      ticks.set(id, parseCpuTicks(readFileSync(`/proc/${id}/stat`, 'utf8')));
      for (const task of readdirSync(`/proc/${id}/task`)) {
        const children = readFileSync(`/proc/${id}/task/${task}/children`, 'utf8').split(' ');
        for (const each of children.filter((text) => text !== '').map(Number)) {
          if (!peaks.has(each)) peaks.set(each, 0);
        }
      }
    } catch {
      // it has ended: what was seen last counts
    }
  };
  return {
    look: () => [...peaks.keys()].forEach(lookAt),
    cpuMs: () => [...ticks.values()].reduce((sum, count) => sum + count, 0) * TICK_MS,
    peaks() {
      const all = [...peaks.values()];
      if (all.length === 0) return { peakMemoryBytes: null, largestPeakBytes: null };
      return {
        peakMemoryBytes: all.reduce((sum, bytes) => sum + bytes, 0),
        largestPeakBytes: Math.max(...all),
      };
    },
  };
}
