import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Where process ids mean something. On Linux one boot of one kernel and one process namespace: two containers, or the
 * time before and after a restart, are two scopes. Elsewhere the host's name, as the best there is.
 */
export function processScope(): string {
  const boot = readText('/proc/sys/kernel/random/boot_id');
  return boot === undefined ? hostname() : `${boot.trim()} ${readlinkSync('/proc/self/ns/pid')}`;
}

/**
 * When a process of this scope began, in the system's own count, which no clock changes: it tells a process from a
 * later one that was given the same id.
 * @returns undefined where there is no such process (any more); null where the system does not tell
 */
export function processStart(pid: number): string | null | undefined {
  if (readText('/proc/self/stat') === undefined) return isRunning(pid) ? null : undefined;
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // proc(5): the name, in parentheses, may hold anything; after it the state and, 19 fields on, the start
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const isDead = fields[0] === 'Z' || fields[0] === 'X'; // dead, and its parent has not asked yet
  return isDead ? undefined : fields[19];
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The text of a file of /proc; undefined where there is none. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // no such process, or no Linux
  }
}
