import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const defaultLock = fileURLToPath(new URL('../.cache/build.lock', import.meta.url));
const POLL_MS = 50;
const PATIENCE_MS = 10_000;

/**
 * Runs a build while no other one runs here. Of two at once each would write the programs that the other is about to
 * start: `nx run-many -t preprocess` in two terminals.
 * @template T
 * @param {() => T | Promise<T>} build
 * @param {string} lock the file that holds the process id of the build that runs
 * @returns {Promise<T>}
 */
export async function withBuildLock(build, lock = defaultLock) {
  mkdirSync(path.dirname(lock), { recursive: true });
  let told = false;
  const begun = performance.now();
  while (!take(lock)) {
    if (!told && performance.now() - begun > PATIENCE_MS) {
      told = true;
      console.error(`Waiting for another build. Where there is none, remove ${lock}`);
    }
    await sleep(POLL_MS);
  }
  try {
    return await build();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Whether the lock is ours now; that of a process that has ended is cleared away for the next try. */
function take(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    const owner = read(lock);
    if (owner !== '' && !isRunning(Number(owner))) clear(lock, owner);
    return false;
  }
}

/** Renamed first, so that of several builds one clears it, and put back where it is another's by now. */
function clear(lock, owner) {
  const away = `${lock}.${process.pid}`;
  try {
    renameSync(lock, away);
  } catch {
    return; // another build was first
  }
  if (read(away) === owner) rmSync(away);
  else renameSync(away, lock);
}

/** The owner's process id; '' where it is gone, or just being written. */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
