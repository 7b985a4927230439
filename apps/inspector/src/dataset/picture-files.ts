import { realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { readManifestLine } from '@atelier/artifacts';
import { AtelierError } from '@atelier/core';
import type { ArtifactStore } from './artifact-store.js';
import type { PictureFile } from './thumbnails.js';

/** Which pictures: the sources, the resized ones, or the variants that augment made. */
export const PICTURE_STAGES = ['source', 'resized', 'generated'] as const;

/** Which pictures. */
export type PictureStage = (typeof PICTURE_STAGES)[number];

/**
 * The file of a picture. The id is looked up in the manifests: no path comes from outside, and none leads out of the
 * dataset or, for sources, its folder of pictures.
 * @param id a sourceId, or for `generated` a sampleId
 * @throws AtelierError INPUT_INVALID for an id that no manifest names, ARTIFACT_MISSING, READ_FAILED for a way out
 */
export async function findPictureFile(
  store: ArtifactStore,
  stage: PictureStage,
  id: string,
): Promise<PictureFile> {
  return stage === 'source'
    ? sourceFile(store, id)
    : stageFile(store, stage === 'resized' ? 'resize' : 'augment', id);
}

async function sourceFile(store: ArtifactStore, id: string): Promise<PictureFile> {
  const row = (await store.pictures()).byId.get(id);
  if (row === undefined) throw unknownId(id);
  const { config } = await store.dataset();
  const folder = resolve(store.root, config.images);
  const path = await insideOf([folder], resolve(folder, id));
  if (row.width === undefined || row.height === undefined || row.format === undefined) throw unreadable(path);
  const { digest, format, width, height } = row;
  return { path, digest, format, width, height };
}

async function stageFile(
  store: ArtifactStore,
  stage: 'resize' | 'augment',
  id: string,
): Promise<PictureFile> {
  const [own, resize] = await Promise.all([store.stage(stage), store.stage('resize')]);
  const item = own.kind === 'read' ? own.index.items.get(id) : undefined;
  if (own.kind !== 'read' || item === undefined) throw unknownId(id);
  const { outputs } = await readManifestLine(own.index.path, item.place);
  const [output] = outputs;
  if (output === undefined) throw unknownId(id);
  const path = await insideOf([store.root], resolve(store.root, output.path));
  const { width = 300, height = 300 } = resize.kind === 'read' ? sizeOf(resize.index.header.config) : {};
  return { path, digest: item.digest, format: 'jpeg', width, height };
}

function sizeOf(config: unknown): { width?: number; height?: number } {
  return (config as { resize?: { width?: number; height?: number } }).resize ?? {};
}

/** The real path of a file, which must lie in one of the folders once every link is followed. */
export async function insideOf(folders: readonly string[], path: string): Promise<string> {
  const real = await realpath(path).catch((cause: unknown) => {
    throw new AtelierError({
      code: 'ARTIFACT_MISSING',
      action: 'show the file',
      path,
      problem: 'it is not there',
      hint: 'Run "npx atelier preprocess": it makes what is missing.',
      cause,
    });
  });
  for (const folder of folders) if (real.startsWith(`${await realpath(folder)}${sep}`)) return real;
  throw new AtelierError({
    code: 'INPUT_INVALID',
    action: 'show the file',
    path,
    problem: 'it leads out of the dataset',
    hint: 'Replace the link by the file.',
  });
}

function unknownId(id: string): AtelierError {
  return new AtelierError({
    code: 'INPUT_MISSING',
    action: 'show the picture',
    path: id,
    problem: 'no manifest names it',
    hint: 'Reload the page: the dataset has changed.',
  });
}

function unreadable(path: string): AtelierError {
  return new AtelierError({
    code: 'INPUT_MISSING',
    action: 'show the picture',
    path,
    problem: 'it is in quarantine',
    hint: 'The page of the quarantine says why, and what to do.',
  });
}
