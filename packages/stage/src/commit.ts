import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import {
  readManifest,
  writeManifest,
  type FileDigest,
  type Manifest,
  type ManifestOutput,
} from '@atelier/artifacts';
import { AtelierError, WORKERS, type WorkerName } from '@atelier/core';
import { refuseLinksBelow, refuseLinksOut } from './links-out.js';

/** The paths inside a stage's folder. */
export interface StageFolder {
  /** The dataset's folder: the paths of outputs are relative to it. */
  readonly root: string;
  readonly path: string;
  readonly manifest: string;
  readonly run: string;
  readonly lock: string;
  readonly stats: string;
  /** When and why items were made. */
  readonly history: string;
  /** Everything unfinished: removed after each commit. */
  readonly staging: string;
  readonly journal: string;
  /** Outputs that wait for the commit, under their final paths relative to the dataset. */
  readonly staged: string;
  /** The next manifest: from the moment it is whole, the commit is decided and only needs to be carried out. */
  readonly next: string;
  /** The last manifest, set aside while files are exchanged. */
  readonly previous: string;
}

/** The layout of a stage's folder. */
export function stageFolder(root: string, stage: WorkerName): StageFolder {
  const path = join(root, WORKERS[stage]);
  const staging = join(path, '.staging');
  return {
    root,
    path,
    manifest: join(path, 'manifest.jsonl'),
    run: join(path, 'run.json'),
    lock: join(path, '.lock'),
    stats: join(path, '.stats.jsonl'),
    history: join(path, '.history.jsonl'),
    staging,
    journal: join(staging, 'journal.jsonl'),
    staged: join(staging, 'files'),
    next: join(staging, 'manifest.jsonl'),
    previous: join(staging, 'previous.jsonl'),
  };
}

/**
 * Refuses a stage's folder whose own files lie behind links that lead out of the dataset.
 * @throws AtelierError WRITE_FAILED
 */
export async function refuseOwnLinks({ root, ...own }: StageFolder): Promise<void> {
  await refuseLinksOut(root, Object.values(own));
  await refuseLinksBelow(root, own.staging);
}

/**
 * Refuses a commit that would write or remove files behind links that lead out of the dataset. Items that both
 * manifests hold as one and the same object are left as they are by a commit, and not looked at.
 * @throws AtelierError WRITE_FAILED
 */
export async function refuseOutputLinks(
  { root }: StageFolder,
  { previous, next }: { previous: Manifest | undefined; next: Manifest },
): Promise<void> {
  const folders = new Set<string>();
  const add = (from: Manifest | undefined, other: Manifest | undefined) => {
    for (const [id, item] of from?.items ?? []) {
      if (other?.items.get(id) !== item) for (const { path } of item.outputs) folders.add(dirname(path));
    }
  };
  add(previous, next);
  add(next, previous);
  await refuseLinksOut(
    root,
    [...folders].map((folder) => join(root, folder)),
  );
}

/**
 * Decides a commit, by writing the next manifest in staging: a run that is killed before leaves the last state
 * untouched, one that is killed after is carried through by {@link recover}.
 * @returns the digest of the next manifest
 */
export async function decide(
  folder: StageFolder,
  { previous, next }: { previous: Manifest | undefined; next: Manifest },
): Promise<FileDigest> {
  return writeManifest(folder.next, next, previous);
}

/** Whether the last run was cut off after its commit was decided: the next one carries it through. */
export function isCutOff(folder: StageFolder): boolean {
  return existsSync(folder.next);
}

/**
 * The manifest in force: the next one where a commit is decided and not carried out yet. Its outputs are then either
 * in their place or still staged.
 * @throws AtelierError MANIFEST_DAMAGED; READ_FAILED where it lies behind a link that leads out of the dataset
 */
export async function standingManifest(folder: StageFolder): Promise<Manifest | undefined> {
  await refuseLinksOut(folder.root, [folder.next, folder.manifest], 'read');
  return (await readManifest(folder.next)) ?? (await readManifest(folder.manifest));
}

/** Carries out a commit that was decided but cut short. @returns whether there was one */
export async function recover(folder: StageFolder): Promise<boolean> {
  if (!isCutOff(folder)) return false;
  const next = (await readManifest(folder.next)) as Manifest;
  const setAside = existsSync(folder.previous);
  const previous = await readPrevious(setAside ? folder.previous : folder.manifest);
  await refuseOutputLinks(folder, { previous, next });
  await carryOut(folder, { previous, next });
  return true;
}

/**
 * Carries out a commit that is decided. While files are exchanged the stage has no manifest under the final name, so
 * at no instant does a manifest speak of files that are not there. Every step may have been done already: what is moved
 * is no longer staged, what is removed is gone.
 */
export async function carryOut(
  folder: StageFolder,
  { previous, next }: { previous: Manifest | undefined; next: Manifest },
): Promise<void> {
  if (existsSync(folder.manifest)) await rename(folder.manifest, folder.previous);
  const wanted = new Set(allOutputs(next).map((output) => output.path));
  const staged = new Set(await filesBelow(folder.staged));
  const orphans = allOutputs(previous).filter(({ path }) => !wanted.has(path));
  const keep = orphans.length > 0 ? movedTwins(wanted, staged) : new Set();
  // removed before anything is moved: what was a file may now be a folder
  for (const { path } of orphans) if (!keep.has(foldCase(path))) await removeOutput(folder, path);
  if (previous === undefined) {
    for (const path of await strayFiles(folder, wanted)) await removeOutput(folder, path);
  }
  for (const path of staged) {
    if (wanted.has(path)) await moveIntoPlace(folder, path);
  }
  await rename(folder.next, folder.manifest);
  await rm(folder.staging, { recursive: true, force: true });
}

/**
 * Outputs that were moved before a commit was cut short, with case and normal form folded: on a file system that
 * does not tell a.jpg from A.jpg, removing the old one now would remove the new one.
 */
function movedTwins(wanted: ReadonlySet<string>, staged: ReadonlySet<string>): Set<string> {
  return new Set([...wanted].filter((path) => !staged.has(path)).map(foldCase));
}

const foldCase = (path: string) => path.normalize('NFC').toLowerCase();

/**
 * Where the manifest was lost: what lies in the folders that a stage writes to and is not wanted now. A run that
 * knows its manifest removes what that named, and nothing else.
 */
export async function strayFiles(folder: StageFolder, wanted: ReadonlySet<string>): Promise<string[]> {
  const own = relative(folder.root, folder.path);
  const folders = new Set([own, ...[...wanted].map((path) => path.slice(0, path.indexOf('/')))]);
  const found: string[] = [];
  for (const name of folders) {
    for (const path of await filesBelow(join(folder.root, name))) found.push(`${name}/${path}`);
  }
  const known = new Set([`${own}/manifest.jsonl`, `${own}/run.json`]);
  return found.filter(
    (path) => !wanted.has(path) && !known.has(path) && !path.split('/').some((part) => part.startsWith('.')),
  );
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
}

/** Every file that a manifest names. */
export function allOutputs(manifest: Manifest | undefined): ManifestOutput[] {
  const outputs: ManifestOutput[] = [];
  for (const item of manifest?.items.values() ?? []) outputs.push(...item.outputs);
  return outputs;
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

async function moveIntoPlace(folder: StageFolder, path: string): Promise<void> {
  const to = join(folder.root, path);
  await mkdir(dirname(to), { recursive: true });
  await rename(join(folder.staged, path), to);
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
