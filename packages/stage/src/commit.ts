import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  readManifest,
  writeManifest,
  type FileDigest,
  type Manifest,
  type ManifestOutput,
} from '@atelier/artifacts';
import { AtelierError, STAGES, type StageName } from '@atelier/core';

/** The paths inside a stage's folder. */
export interface StageFolder {
  /** The dataset's folder: the paths of outputs are relative to it. */
  readonly root: string;
  readonly path: string;
  readonly manifest: string;
  readonly run: string;
  readonly lock: string;
  readonly stats: string;
  /** Everything unfinished: removed after each commit. */
  readonly staging: string;
  readonly journal: string;
  /** Outputs that wait for the commit, under their final paths relative to the dataset. */
  readonly staged: string;
  /** The next manifest: from the moment it is whole, the commit is decided and only needs to be carried out. */
  readonly next: string;
}

/** The layout of a stage's folder. */
export function stageFolder(root: string, stage: StageName): StageFolder {
  const path = join(root, STAGES[stage]);
  const staging = join(path, '.staging');
  return {
    root,
    path,
    manifest: join(path, 'manifest.jsonl'),
    run: join(path, 'run.json'),
    lock: join(path, '.lock'),
    stats: join(path, '.stats.jsonl'),
    staging,
    journal: join(staging, 'journal.jsonl'),
    staged: join(staging, 'files'),
    next: join(staging, 'manifest.jsonl'),
  };
}

/**
 * Commits a run. The next manifest is written first, in staging: a run that is killed before leaves the last
 * state untouched, one that is killed after is carried through by {@link recover}.
 * @returns size and digest of the manifest
 */
export async function commit(folder: StageFolder, next: Manifest): Promise<FileDigest> {
  const digest = await writeManifest(folder.next, next);
  await carryOut(folder);
  return digest;
}

/** Carries out a commit that was decided but cut short. @returns whether there was one */
export async function recover(folder: StageFolder): Promise<boolean> {
  if (!existsSync(folder.next)) return false;
  await carryOut(folder);
  return true;
}

/** Every step may have been done already: what is moved is no longer staged, what is removed is gone. */
async function carryOut(folder: StageFolder): Promise<void> {
  const next = (await readManifest(folder.next)) as Manifest;
  const previous = await readPrevious(folder.manifest);
  const outputs = allOutputs(next);
  const wanted = new Set(outputs.map((output) => output.path));
  // removed before anything is moved: what was a file may now be a folder
  for (const output of allOutputs(previous)) {
    if (!wanted.has(output.path)) await removeOutput(folder, output.path);
  }
  for (const output of outputs) await moveIntoPlace(folder, output);
  await rename(folder.next, folder.manifest);
  await rm(folder.staging, { recursive: true, force: true });
}

/** Every file that a manifest names. */
export function allOutputs(manifest: Manifest | undefined): ManifestOutput[] {
  return [...(manifest?.items.values() ?? [])].flatMap((item) => item.outputs);
}

async function readPrevious(path: string): Promise<Manifest | undefined> {
  try {
    return await readManifest(path);
  } catch (error) {
    // a damaged manifest was reported when the run began; its items were all made again
    if (error instanceof AtelierError && error.code === 'MANIFEST_DAMAGED') return undefined;
    throw error;
  }
}

async function moveIntoPlace(folder: StageFolder, output: ManifestOutput): Promise<void> {
  const from = join(folder.staged, output.path);
  const to = join(folder.root, output.path);
  if (!existsSync(from)) return;
  await mkdir(dirname(to), { recursive: true });
  await rename(from, to);
}

async function removeOutput(folder: StageFolder, path: string): Promise<void> {
  await rm(join(folder.root, path), { force: true });
  for (let parent = dirname(path); parent !== '.'; parent = dirname(parent)) {
    const entries = await readdir(join(folder.root, parent)).catch(() => ['?']);
    if (entries.length > 0) return;
    await rmdir(join(folder.root, parent));
  }
}

/** Whether an output of an interrupted run still waits in staging, in full length. */
export async function isStaged(folder: StageFolder, output: ManifestOutput): Promise<boolean> {
  const found = await stat(join(folder.staged, output.path)).catch(() => undefined);
  return found?.size === output.sizeBytes;
}
