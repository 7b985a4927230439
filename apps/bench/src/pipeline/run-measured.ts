import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { AtelierError } from '@atelier/core';
import type { Program } from '../contender/contender-process.js';
import { parseCpuTicks, parsePeakMemory } from '../contender/process-facts.js';

/** A program that has run to its end, and what that took. */
export interface MeasuredRun {
  readonly stdout: string;
  readonly wallMs: number;
  /** Processor time, user and system, of the program and all it started; null where the system does not tell. */
  readonly cpuMs: number | null;
  /** The sum of the peaks (VmHWM) of its processes: an upper bound of what it had in use at once. */
  readonly peakMemoryBytes: number | null;
}

/** How often the processes are looked at; what they did since the last look is lost. */
const POLL_MS = 20;
const TICK_MS = 10;

/**
 * Runs a program to its end and watches it and all processes that it starts.
 * @param cwd where it runs
 * @throws AtelierError PROGRAM_FAILED with its last words
 */
export async function runMeasured(program: Program, cwd: string): Promise<MeasuredRun> {
  const { file, args, env } = program;
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
  if (ended === null) return { stdout, wallMs, ...watch.sum() };
  throw new AtelierError({
    code: 'PROGRAM_FAILED',
    action: `run ${[file, ...args].join(' ')}`,
    problem: ended,
    hint: stderr.trim() === '' ? 'It said nothing.' : `It said: ${stderr.trim()}`,
  });
}

/** Linux tells of processes in /proc; elsewhere there is nothing to see. */
function watchProcesses(pid: number | undefined) {
  const seen = new Map<number, { cpuMs: number; peakBytes: number }>();
  if (pid !== undefined && process.platform === 'linux') seen.set(pid, { cpuMs: 0, peakBytes: 0 });
  const lookAt = (id: number): void => {
    try {
      const cpuMs = parseCpuTicks(readFileSync(`/proc/${id}/stat`, 'utf8')) * TICK_MS;
      // a process that has ended and waits to be asked has no memory any more
      const peakBytes =
        parsePeakMemory(readFileSync(`/proc/${id}/status`, 'utf8')) ?? seen.get(id)?.peakBytes;
      seen.set(id, { cpuMs, peakBytes: peakBytes ?? 0 });
      for (const task of readdirSync(`/proc/${id}/task`)) {
        const children = readFileSync(`/proc/${id}/task/${task}/children`, 'utf8').split(' ');
        for (const each of children.filter((text) => text !== '').map(Number)) {
          if (!seen.has(each)) seen.set(each, { cpuMs: 0, peakBytes: 0 });
        }
      }
    } catch {
      // it has ended: what was seen last counts
    }
  };
  return {
    look: () => [...seen.keys()].forEach(lookAt),
    sum: () =>
      seen.size === 0
        ? { cpuMs: null, peakMemoryBytes: null }
        : {
            cpuMs: [...seen.values()].reduce((sum, { cpuMs }) => sum + cpuMs, 0),
            peakMemoryBytes: [...seen.values()].reduce((sum, { peakBytes }) => sum + peakBytes, 0),
          },
  };
}
