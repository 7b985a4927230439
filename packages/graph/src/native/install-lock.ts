import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';

interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly token: string;
}

/** How the lock waits; tests shorten it. */
export interface LockTimes {
  readonly pollMs: number;
  readonly heartbeatMs: number;
  /** A lock not touched for so long has no owner any more. */
  readonly staleMs: number;
}

const TIMES: LockTimes = { pollMs: 250, heartbeatMs: 5_000, staleMs: 60_000 };

/**
 * Runs `work` while no other process of this cache installs; says once that it waits. A dead owner's lock is taken
 * over. The lock only saves doing the work twice: what is installed is placed by renames and stays whole without it.
 */
export async function withInstallLock<T>(
  path: string,
  {
    work,
    waiting,
    times = TIMES,
  }: { work: () => Promise<T>; waiting: (pid: number) => void; times?: LockTimes },
): Promise<T> {
  const owner: Owner = { pid: process.pid, host: hostname(), token: randomUUID() };
  await mkdir(dirname(path), { recursive: true });
  for (let told = false; !(await claim(path, owner));) {
    const other = await ownerOf(path);
    if (other !== undefined && (await isStale(path, other, times))) {
      await takeAway(path);
      continue;
    }
    if (other !== undefined && !told) waiting(other.pid);
    told ||= other !== undefined;
    await new Promise((resolve) => setTimeout(resolve, times.pollMs));
  }
  const heartbeat = setInterval(() => void touch(path), times.heartbeatMs);
  heartbeat.unref();
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    if ((await ownerOf(path))?.token === owner.token) await rm(path, { force: true });
  }
}

async function claim(path: string, owner: Owner): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(owner), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** The owner in the lock; undefined where the lock is gone, pid 0 where it cannot be read (yet). */
async function ownerOf(path: string): Promise<Owner | undefined> {
  const nobody: Owner = { pid: 0, host: '', token: '' };
  try {
    return { ...nobody, ...(JSON.parse(await readFile(path, 'utf8')) as Partial<Owner>) };
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : nobody;
  }
}

async function isStale(path: string, owner: Owner, times: LockTimes): Promise<boolean> {
  if (owner.host === hostname() && !isAlive(owner.pid)) return true;
  const modified = await stat(path).then(
    (found) => found.mtimeMs,
    () => Number.POSITIVE_INFINITY, // gone meanwhile: the next claim finds out
  );
  return Date.now() - modified > times.staleMs;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function takeAway(path: string): Promise<void> {
  const aside = `${path}.${randomUUID().slice(0, 8)}.stale`;
  await rename(path, aside).then(
    () => rm(aside, { force: true }),
    () => undefined, // another waiter was faster
  );
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined); // a missed beat is made good by the next one
}
