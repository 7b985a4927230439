import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { AtelierError } from '@atelier/core';

/** A lock that is held. */
export interface Lock {
  /** @throws AtelierError LOCK_LOST where somebody else has taken it over meanwhile */
  assertHeld(): Promise<void>;
  release(): Promise<void>;
}

/** Who holds a lock, as it stands in the lock file. */
interface Owner {
  readonly token: string;
  readonly host: string;
  readonly pid: number;
}

/** How often the owner shows that it lives. */
const HEARTBEAT_MS = 2_000;
/** An owner on another machine that has not shown itself for so long is dead. */
const DEAD_AFTER_MS = 60_000;

/**
 * Takes the lock of a stage folder: one writer at a time. A lock whose owner is dead (its process is gone
 * or, on another machine, its heartbeat has stopped for a minute) is taken over.
 * @throws AtelierError LOCKED naming the owner
 */
export async function acquireLock(path: string): Promise<Lock> {
  await mkdir(dirname(path), { recursive: true });
  const owner: Owner = { token: randomUUID(), host: hostname(), pid: process.pid };
  for (let attempt = 0; ; attempt++) {
    if (await create(path, owner)) break;
    const holder = await readOwner(path);
    if (holder === 'gone') continue;
    if (attempt >= 5 || (await isAlive(path, holder))) throw lockedError(path, holder);
    await removeDead(path, holder);
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined); // a lost lock is told by assertHeld, not by a timer
  }, HEARTBEAT_MS);
  heartbeat.unref();
  const held = async () => {
    const holder = await readOwner(path);
    return holder !== 'gone' && holder?.token === owner.token;
  };
  return {
    async assertHeld() {
      if (await held()) return;
      throw new AtelierError({
        code: 'LOCK_LOST',
        action: 'go on writing below',
        path: dirname(path),
        problem: 'another run has taken over its lock',
        hint: 'Let the other run finish, then start this one again; nothing is lost.',
      });
    },
    async release() {
      clearInterval(heartbeat);
      if (await held()) await rm(path, { force: true });
    },
  };
}

/** Creates the lock file, whole, only if there is none. */
async function create(path: string, owner: Owner): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(JSON.stringify(owner));
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new AtelierError({
      code: 'WRITE_FAILED',
      action: 'take the lock',
      path,
      problem: (error as Error).message,
      hint: 'Make the folder writable.',
      cause: error,
    });
  }
}

async function readOwner(path: string): Promise<Owner | undefined | 'gone'> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner;
  } catch (error) {
    // a lock file that its owner has not finished writing, or was killed while writing
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'gone' : undefined;
  }
}

async function isAlive(path: string, holder: Owner | undefined): Promise<boolean> {
  if (holder?.host === hostname()) return isRunning(holder.pid);
  try {
    const age = Math.abs(Date.now() - (await stat(path)).mtimeMs);
    return age < (holder === undefined ? HEARTBEAT_MS : DEAD_AFTER_MS);
  } catch {
    return false; // released meanwhile
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Removes a dead owner's lock: by renaming it away first, so that of several takers only one succeeds, and
 * putting back what turns out to be somebody else's fresh lock.
 */
async function removeDead(path: string, holder: Owner | undefined): Promise<void> {
  const away = `${path}.${randomUUID()}`;
  try {
    await rename(path, away);
  } catch {
    return; // another taker was first
  }
  const moved = await readOwner(away);
  if (moved !== 'gone' && moved?.token !== holder?.token) await rename(away, path);
  else await rm(away, { force: true });
}

function lockedError(path: string, holder: Owner | undefined): AtelierError {
  return new AtelierError({
    code: 'LOCKED',
    action: 'start a run in',
    path: dirname(path),
    problem: holder
      ? `process ${holder.pid} on ${holder.host} is writing there`
      : 'another run is just starting there',
    hint: 'Wait for it to end, or stop it.',
  });
}
