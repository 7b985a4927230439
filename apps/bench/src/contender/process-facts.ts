import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;
/** Polls in a row without work that count as idle. */
const QUIET_POLLS = 3;
const PATIENCE_MS = 15_000;

/** Linux tells of processes in /proc; elsewhere memory is not measured and waiting is by the clock. */
const hasProc = process.platform === 'linux';

/**
 * The most memory that a living process has had in use at once (VmHWM of proc(5)), in bytes.
 * @returns null where the system does not tell
 */
export async function peakMemoryBytes(pid: number): Promise<number | null> {
  return hasProc ? parsePeakMemory(await readFile(`/proc/${pid}/status`, 'utf8')) : null;
}

/** VmHWM of a /proc/<pid>/status, in bytes. */
export function parsePeakMemory(status: string): number | null {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}

/** Processor time of all threads in clock ticks (10 ms): user + system of a /proc/<pid>/stat. */
export function parseCpuTicks(stat: string): number {
  const fields = statFields(stat);
  return Number(fields[11]) + Number(fields[12]);
}

/** The same of its children that have ended and been waited for, and of theirs. */
export function parseChildrenTicks(stat: string): number {
  const fields = statFields(stat);
  return Number(fields[13]) + Number(fields[14]);
}

/** What follows the command's name, which stands in parentheses and may hold anything. */
const statFields = (stat: string): string[] => stat.slice(stat.lastIndexOf(')') + 2).split(' ');

/**
 * Waits until a process does nothing any more: pipelines still fill their buffers when a turn is over.
 * @returns false where it was still at work after 15 seconds
 */
export async function untilIdle(pid: number): Promise<boolean> {
  if (!hasProc) {
    await sleep(1_000);
    return true;
  }
  const ticks = async () => parseCpuTicks(await readFile(`/proc/${pid}/stat`, 'utf8'));
  const end = performance.now() + PATIENCE_MS;
  let before = await ticks();
  let quiet = 0;
  while (performance.now() < end) {
    await sleep(POLL_MS);
    const now = await ticks();
    // one tick in a while is a timer, not work
    quiet = now - before <= 1 ? quiet + 1 : 0;
    if (quiet === QUIET_POLLS) return true;
    before = now;
  }
  return false;
}
