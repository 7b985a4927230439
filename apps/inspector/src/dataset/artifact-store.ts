import { existsSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { AtelierError, STAGES, type StageName } from '@atelier/core';
import { openDataset, stageFolder, type Dataset } from '@atelier/stage';
import { lookAtDataset, type Look } from './look.js';
import { predictionsReader, type Predictions } from './predictions.js';
import { listPictures, type PictureList } from './picture-list.js';
import { indexManifest, type StageIndex } from './stage-index.js';
import { createThumbnails, type Thumbnails } from './thumbnails.js';

/** How a stage's manifest could be read. */
export type StageState =
  | { readonly kind: 'none' }
  | { readonly kind: 'damaged'; readonly problem: string }
  | { readonly kind: 'read'; readonly index: StageIndex };

/**
 * What is known of one dataset. Every answer is as fresh as the files: a manifest is read again when its size or its
 * modification time is another; nothing is ever written.
 */
export interface ArtifactStore {
  /** The dataset's folder, absolute. */
  readonly root: string;
  readonly name: string;
  readonly thumbnails: Thumbnails;
  /** dataset.json as it stands now. @throws AtelierError as openDataset */
  dataset(): Promise<Dataset>;
  /** The manifest of a stage. */
  stage(name: StageName): Promise<StageState>;
  /** All source pictures with what the stages say of them. @throws AtelierError where ingest left nothing to list */
  pictures(): Promise<PictureList>;
  /** What a run predicts; by default the newest. null where there is none. @throws AtelierError ARTIFACT_DAMAGED */
  predictions(run?: string): Promise<Predictions | null>;
  /** What is fresh, stale and odd; null while that is being found out, in another thread. */
  look(): Look | null;
  close(): Promise<void>;
}

/** Opens a dataset for looking. @throws AtelierError as openDataset */
export async function openStore(folder: string): Promise<ArtifactStore> {
  const { root } = await openDataset(folder);
  const stages = new Map<StageName, Cached<StageState>>();
  const thumbnails = createThumbnails(async () => (await openDataset(root)).config);
  let pictures: Cached<PictureList> | undefined;
  const stage = (name: StageName): Promise<StageState> => {
    const signature = signatureOf(root, name);
    const cached = stages.get(name);
    if (cached?.signature === signature) return cached.value;
    const value = readStage(root, name);
    stages.set(name, { signature, value });
    return value;
  };
  const list = (): Promise<PictureList> => {
    const signature = LISTED.map((name) => signatureOf(root, name)).join();
    if (pictures?.signature === signature) return pictures.value;
    const value = readPictures(root, stage);
    pictures = { signature, value };
    value.catch(() => (pictures = undefined));
    return value;
  };
  const looks = lookAtDataset(root, list);
  return {
    root,
    name: basename(root),
    thumbnails,
    dataset: () => openDataset(root),
    stage,
    pictures: list,
    predictions: predictionsReader(root),
    look: () => looks.current(),
    async close() {
      thumbnails.close();
      await looks.close();
    },
  };
}

interface Cached<Value> {
  readonly signature: string;
  readonly value: Promise<Value>;
}

/** The stages that say something of source pictures. */
const LISTED = ['ingest', 'resize', 'split'] as const satisfies readonly StageName[];

/** The manifest in force: the next one where a commit is decided and not carried out yet. */
function manifestPath(root: string, name: StageName): string {
  const { next, manifest } = stageFolder(root, name);
  return existsSync(next) ? next : manifest;
}

function signatureOf(root: string, name: StageName): string {
  const path = manifestPath(root, name);
  const found = statSync(path, { throwIfNoEntry: false });
  return `${path} ${found?.size} ${found?.mtimeMs} ${found?.ino}`;
}

async function readStage(root: string, name: StageName): Promise<StageState> {
  try {
    const index = await indexManifest(manifestPath(root, name));
    return index === undefined ? { kind: 'none' } : { kind: 'read', index };
  } catch (error) {
    if (!(error instanceof AtelierError)) throw error;
    return { kind: 'damaged', problem: error.message };
  }
}

async function readPictures(
  root: string,
  stage: (name: StageName) => Promise<StageState>,
): Promise<PictureList> {
  const [ingest, resize, split] = await Promise.all(LISTED.map(stage));
  if (ingest?.kind === 'damaged') {
    throw new AtelierError({
      code: 'MANIFEST_DAMAGED',
      action: 'list the pictures',
      path: `${STAGES.ingest}/manifest.jsonl`,
      problem: ingest.problem,
      hint: 'Run "npx atelier preprocess": the stage makes it anew.',
    });
  }
  if (ingest?.kind !== 'read') {
    throw new AtelierError({
      code: 'INPUT_MISSING',
      action: 'list the pictures',
      path: root,
      problem: 'the stage ingest has not been run',
      hint: 'Run "npx atelier preprocess" first.',
    });
  }
  const read = (state: StageState | undefined) => (state?.kind === 'read' ? state.index : undefined);
  return listPictures({ ingest: ingest.index, resize: read(resize), split: read(split) });
}
