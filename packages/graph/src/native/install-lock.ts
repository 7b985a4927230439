import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';

import { isAlive } from './place-file.js';

interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly token: string;
}

/** How the lock waits; tests put their own in. */
export interface LockTimes {
  readonly pollMs: number;
  readonly heartbeatMs: number;
  /** A lock that a waiter has seen untouched for so long has no owner any more. */
  readonly staleMs: number;
  /** Milliseconds on a clock that never jumps. */
  readonly now: () => number;
}

const TIMES: LockTimes = { pollMs: 250, heartbeatMs: 5_000, staleMs: 60_000, now: () => performance.now() };

/**
 * Runs `work` while no other process of this cache installs; says once that it waits. A dead owner's lock is taken
 * over. The lock only saves doing the work twice: what is installed is placed by renames and stays whole without it.
 */
export async function withInstallLock<T>(
  path: string,
  { work, waiting, times = TIMES }: { work: () => Promise<T>; waiting: () => void; times?: LockTimes },
): Promise<T> {
  const owner: Owner = { pid: process.pid, host: hostname(), token: randomUUID() };
  await mkdir(dirname(path), { recursive: true });
  await waitFor(path, owner, { waiting, times });
  const heartbeat = setInterval(() => void touch(path), times.heartbeatMs);
  heartbeat.unref();
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    if ((await ownerOf(path))?.token === owner.token) await rm(path, { force: true });
  }
}

async function waitFor(
  path: string,
  owner: Owner,
  { waiting, times }: { waiting: () => void; times: LockTimes },
): Promise<void> {
  let sight: Sight | undefined;
  while (!(await claim(path, owner))) {
    const other = await ownerOf(path);
    if (other === undefined) continue;
    if (sight === undefined) waiting();
    sight = await lookAt(path, { owner: other, before: sight, now: times.now });
    if (isStale(other, sight, times)) await takeAway(path);
    else await new Promise((resolve) => setTimeout(resolve, times.pollMs));
  }
}

async function claim(path: string, owner: Owner): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(owner), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') await rm(path, { force: true }); // made, not written
    throw error;
  }
}

/** The owner in the lock; undefined where the lock is gone, nobody where it cannot be read (yet). */
async function ownerOf(path: string): Promise<Owner | undefined> {
  const nobody: Owner = { pid: 0, host: '', token: '' };
  try {
    return { ...nobody, ...(JSON.parse(await readFile(path, 'utf8')) as Partial<Owner>) };
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : nobody;
  }
}

/** What a waiter has seen of the lock, and since when (on the clock that stands still while the machine sleeps). */
interface Sight {
  readonly beat: string;
  readonly sinceMs: number;
}

async function lookAt(
  path: string,
  { owner, before, now }: { owner: Owner; before: Sight | undefined; now: () => number },
): Promise<Sight> {
  const modified = await stat(path).then(
    (found) => found.mtimeMs,
    () => 0, // gone meanwhile: the next claim finds out
  );
  const beat = `${owner.token} ${modified}`;
  return before?.beat === beat ? before : { beat, sinceMs: now() };
}

function isStale(owner: Owner, sight: Sight, { staleMs, now }: LockTimes): boolean {
  const isDead = owner.host === hostname() && !isAlive(owner.pid);
  return isDead || now() - sight.sinceMs > staleMs;
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
