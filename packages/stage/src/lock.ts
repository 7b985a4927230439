import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rm, rmdir, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeError } from '@atelier/artifacts';
import { AtelierError } from '@atelier/core';
import { processScope, processStart } from './process-identity.js';

/** A lock that is held. */
export interface Lock {
  /** @throws AtelierError LOCK_LOST where it is gone, or somebody else has taken it over meanwhile */
  assertHeld(): Promise<void>;
  release(): Promise<void>;
}

/** Who holds a lock, as it stands in the lock file. */
interface Owner {
  readonly token: string;
  readonly host: string;
  readonly pid: number;
  /** Where the pid means something, see {@link processScope}. */
  readonly scope: string;
  /** When the process began, see {@link processStart}. */
  readonly start: string | null;
}

/** How often the owner shows that it lives. */
const HEARTBEAT_MS = 2_000;
/** Heartbeats that are waited for before an owner counts as dead whose last one seems long ago. */
const WATCHED_BEATS = 5;
/** After so long a taker that was about to remove a dead lock counts as killed. */
const BREAKING_MS = 1_000;
/** A heartbeat that is no older than this, by the clock, need not be waited for. */
const DEAD_AFTER_MS = 60_000;

/**
 * Takes the lock of a stage folder: one writer at a time. The lock of a dead owner is taken over. Whether a process of
 * this machine lives is asked of the system, which no clock, no reused process id and no halted process deceives. An
 * owner elsewhere (another machine, another container, before the last restart) is dead when its heartbeat is a minute
 * old by the clock and stays away for as long as we watch: clocks may differ, or jump.
 * @throws AtelierError LOCKED naming the owner; WRITE_FAILED, DISK_FULL
 */
export async function acquireLock(path: string, heartbeatMs = HEARTBEAT_MS): Promise<Lock> {
  const { pid } = process;
  const owner: Owner = {
    token: randomUUID(),
    host: hostname(),
    pid,
    scope: processScope(),
    start: processStart(pid) ?? null,
  };
  for (let attempt = 0; ; attempt++) {
    if (await create(path, owner)) break;
    const holder = await readOwner(path);
    if (holder === 'gone') continue;
    if (attempt >= 30 || (await isAlive(path, { holder, heartbeatMs }))) throw lockedError(path, holder);
    await removeDead(path, holder);
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined); // a lost lock is told by assertHeld, not by a timer
  }, heartbeatMs);
  heartbeat.unref();
  const held = async () => {
    const holder = await readOwner(path);
    return holder !== 'gone' && holder?.token === owner.token;
  };
  return {
    async assertHeld() {
      if (!(await held())) throw lostError(path);
    },
    async release() {
      clearInterval(heartbeat);
      if (await held()) await rm(path, { force: true });
    },
  };
}

/** Creates the lock file, whole, only if there is none. */
async function create(path: string, owner: Owner): Promise<boolean> {
  let created = false;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, 'wx');
    created = true;
    await file.writeFile(JSON.stringify(owner)).finally(() => file.close());
    return true;
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && syscall === 'open') return false;
    if (created) await rm(path, { force: true });
    throw writeError('take the lock', path, error);
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

async function isAlive(
  path: string,
  { holder, heartbeatMs }: { holder: Owner | undefined; heartbeatMs: number },
): Promise<boolean> {
  if (holder?.scope === processScope()) {
    const start = processStart(holder.pid);
    return start !== undefined && (start === null || start === holder.start);
  }
  const last = await lastBeat(path);
  if (last === undefined) return false; // released meanwhile
  // whoever is just writing the lock file is done within a beat
  const beats = holder === undefined ? 1 : WATCHED_BEATS;
  if (holder !== undefined && Math.abs(Date.now() - last) < DEAD_AFTER_MS) return true;
  for (let beat = 0; beat < beats; beat++) {
    await sleep(heartbeatMs);
    const now = await lastBeat(path);
    if (now !== last) return now !== undefined;
  }
  return false;
}

/** The lock file's modification time, asked of the file itself: a network file system remembers what folders say. */
async function lastBeat(path: string): Promise<number | undefined> {
  try {
    const file = await open(path, 'r');
    return await file
      .stat()
      .then(({ mtimeMs }) => mtimeMs)
      .finally(() => file.close());
  } catch {
    return undefined;
  }
}

/**
 * Removes a dead owner's lock. Only one taker at a time may do so, under a lock of its own, and it looks once more
 * before it removes: a fresh lock that another taker has created meanwhile is never touched.
 */
async function removeDead(path: string, holder: Owner | undefined): Promise<void> {
  const breaking = `${path}.breaking`;
  try {
    await mkdir(breaking);
  } catch {
    await sleep(BREAKING_MS / 10);
    const since = (await stat(breaking).catch(() => undefined))?.mtimeMs;
    // a taker that was killed in between, which takes a few milliseconds
    if (since !== undefined && Math.abs(Date.now() - since) > BREAKING_MS)
      await rmdir(breaking).catch(() => undefined);
    return;
  }
  try {
    const now = await readOwner(path);
    if (now !== 'gone' && now?.token === holder?.token) await rm(path, { force: true });
  } finally {
    await rmdir(breaking).catch(() => undefined);
  }
}

function lockedError(path: string, holder: Owner | undefined): AtelierError {
  const here = holder === undefined || holder.scope === processScope();
  return new AtelierError({
    code: 'LOCKED',
    action: 'start a run in',
    path: dirname(path),
    problem: holder
      ? `process ${holder.pid} on ${holder.host} is writing there`
      : 'another run is just starting there',
    hint: here
      ? 'Wait for it to end, or stop it.'
      : 'Wait for it to end, or stop it; where it is dead already, try again in a minute.',
  });
}

function lostError(path: string): AtelierError {
  return new AtelierError({
    code: 'LOCK_LOST',
    action: 'go on writing below',
    path: dirname(path),
    problem: existsSync(path)
      ? 'another run has taken over its lock'
      : 'its lock is gone: the folder was moved or removed, or somebody deleted the lock',
    hint: 'Start the run again when nothing else changes the dataset; nothing is lost.',
  });
}
