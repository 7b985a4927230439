import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { isPartialFileName, writeFileAtomic } from '@atelier/artifacts';
import { AtelierError } from '@atelier/core';
import { findResumable, matchingRun } from './find-resumable.js';
import { readRunConfig, trainsAlike, writeRunConfig, type RunConfig } from './run-config.js';
import {
  createRun,
  findRun,
  finishedRuns,
  markLatest,
  runFolder,
  unfinishedRuns,
  type UnfinishedRun,
} from './run-folder.js';
import { checkpointFolder } from './run-store.js';

/** Which run is wanted. */
export interface WantedRun {
  /** null takes a new name, or the newest unfinished run. */
  readonly name: string | null;
  readonly config: RunConfig;
  /** Go on with an unfinished one; there must be one. */
  readonly resume: boolean;
  /** Go on with an unfinished one if there is one of these settings and tensors. */
  readonly ifStale: boolean;
}

/** A run that this process may train. */
export interface TakenRun {
  readonly run: UnfinishedRun;
  readonly resumed: boolean;
  /** The names of the other unfinished ones. */
  readonly others: readonly string[];
}

/**
 * Takes a run to train: a new one, or an unfinished one to go on with, cleared of half-written files.
 * @throws AtelierError LOCKED where another process trains it, and as `createRun` and `findResumable` do
 */
export async function takeRun(root: string, { name, config, resume, ifStale }: WantedRun): Promise<TakenRun> {
  const unfinished = await unfinishedRuns(root);
  const found = resume
    ? await findResumable(root, { name, config })
    : ifStale
      ? await matchingRun(unfinished, config)
      : null;
  const run = found ?? (await createRun(root, name));
  await claimRun(run);
  if (found === null) await writeRunConfig(run.dir, config);
  else await removePartialFiles(run.dir);
  const others = unfinished.map((other) => other.name).filter((other) => other !== run.name);
  return { run, resumed: found !== null, others };
}

/** What a killed writer left. */
async function removePartialFiles(dir: string): Promise<void> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (isPartialFileName(entry.name)) await rm(path.join(entry.parentPath, entry.name), { force: true });
  }
}

const ownerFile = (run: UnfinishedRun) => path.join(run.dir, '.owner');

/**
 * Notes that this process trains a run.
 * @throws AtelierError LOCKED where another one that is alive does
 */
export async function claimRun(run: UnfinishedRun): Promise<void> {
  const owner = Number(await readFile(ownerFile(run), 'utf8').catch(() => '0'));
  if (owner > 0 && owner !== process.pid && isAlive(owner)) {
    throw new AtelierError({
      code: 'LOCKED',
      action: 'train the run',
      path: run.dir,
      problem: `process ${owner} is training it`,
      hint: `Wait for its end, or stop it (or, if it is no trainer, remove ${ownerFile(run)}).`,
    });
  }
  await writeFileAtomic(ownerFile(run), String(process.pid));
}

/** Takes back what {@link claimRun} noted; harmless where it is gone. */
export async function releaseRun(run: UnfinishedRun): Promise<void> {
  await rm(ownerFile(run), { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Removes a run that ended before its first checkpoint: there is nothing to go on with, or to look at. */
export async function removeWithoutCheckpoint(run: UnfinishedRun): Promise<void> {
  const folder = checkpointFolder(run.dir);
  const kept = existsSync(folder) && (await readdir(folder)).some((name) => !isPartialFileName(name));
  if (!kept) await rm(run.dir, { recursive: true, force: true });
}

/**
 * The name of a finished run of these settings and tensors, which is then named the newest; null where there is none.
 */
export async function findUpToDate(root: string, wanted: RunConfig): Promise<string | null> {
  const names = await finishedRuns(root);
  if (names.length === 0) return null;
  const latest = await findRun(root, null).then(
    ({ name }) => name,
    () => null, // killed between giving a run its name and naming it the newest
  );
  for (const name of [...(latest === null ? [] : [latest]), ...names.reverse()]) {
    const theirs = await readRunConfig(runFolder(root, name));
    if (theirs === null || !trainsAlike(theirs, wanted)) continue;
    if (name !== latest) await markLatest(root, name);
    return name;
  }
  return null;
}
