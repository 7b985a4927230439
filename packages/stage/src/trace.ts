import { isAbsolute, relative, resolve, sep } from 'node:path';
import type { Manifest, ManifestItem } from '@atelier/artifacts';
import { AtelierError, STAGES, WORKERS, type WorkerName } from '@atelier/core';
import { closest } from 'fastest-levenshtein';
import { isCutOff, stageFolder, standingManifest } from './commit.js';
import type { Dataset } from './dataset.js';
import { readHistory, type Made } from './history.js';
import { refuseLinksOut } from './links-out.js';

/** One picture through every stage. */
export interface Trace {
  readonly sourceId: string;
  /** In the order of the pipeline; a stage that has not run has no items. What is made on request comes last, if it was. */
  readonly stages: readonly {
    readonly stage: WorkerName;
    /** Its last run was cut off while committing: some of its files may not be in their place yet. */
    readonly cutOff: boolean;
    readonly items: readonly (ManifestItem & { readonly made: Made | null })[];
  }[];
}

/**
 * Follows one picture through the manifests: what it became in each stage, from which inputs, with which parameters
 * and keys, when and why.
 * @param query a source or any file made from it (relative to the dataset or to `from`, or absolute), a sourceId or
 * a sampleId
 * @param from the folder that relative paths may start from
 * @throws AtelierError INPUT_INVALID naming the nearest picture
 */
export async function traceSource(dataset: Dataset, query: string, from: string): Promise<Trace> {
  const manifests = new Map<WorkerName, Manifest>();
  for (const stage of Object.keys(WORKERS) as WorkerName[]) {
    const manifest = await standingManifest(stageFolder(dataset.root, stage));
    if (manifest !== undefined) manifests.set(stage, manifest);
  }
  const sourceId = findSource(manifests, names(dataset, query, from));
  if (sourceId === undefined) throw unknownPicture(manifests, query);
  const files = new Set([`images/${sourceId}`]);
  const stages: Trace['stages'][number][] = [];
  for (const stage of Object.keys(WORKERS) as WorkerName[]) {
    if (!(stage in STAGES) && !manifests.has(stage)) continue;
    const items = [...(manifests.get(stage)?.items.values() ?? [])].filter(
      (item) => item.id === sourceId || Object.keys(item.inputs ?? {}).some((path) => files.has(path)),
    );
    for (const { path } of items.flatMap((item) => item.outputs)) files.add(path);
    const folder = stageFolder(dataset.root, stage);
    await refuseLinksOut(dataset.root, [folder.history], 'read');
    const made = await readHistory(folder.history, new Set(items.map((item) => item.id)));
    stages.push({
      stage,
      cutOff: isCutOff(folder),
      items: items.map((item) => ({ ...item, made: made.get(item.id) ?? null })),
    });
  }
  return { sourceId, stages };
}

/** What the query may mean: itself, and the path below the dataset that it may be. */
function names({ root, config }: Dataset, query: string, from: string): string[] {
  const below = [resolve(root, query), resolve(from, query)]
    .map((path) => relative(root, path).split(sep).join('/'))
    .filter((path) => !path.startsWith('../') && !isAbsolute(path));
  const images = relative(resolve(root, config.images), resolve(from, query)).split(sep).join('/');
  return [
    query,
    query.normalize('NFC'),
    images,
    ...below,
    ...below.map((path) => path.replace(/^images\//, '')),
  ];
}

function findSource(
  manifests: ReadonlyMap<WorkerName, Manifest>,
  candidates: readonly string[],
): string | undefined {
  const sources = manifests.get('ingest')?.items;
  const direct = candidates.find((name) => sources?.has(name));
  if (direct !== undefined) return direct;
  for (const manifest of manifests.values()) {
    for (const item of manifest.items.values()) {
      const named =
        candidates.includes(item.id) || item.outputs.some((output) => candidates.includes(output.path));
      const sourceId = (item.params?.['sourceId'] as string | undefined) ?? item.id;
      if (named && sources?.has(sourceId)) return sourceId;
    }
  }
  return undefined;
}

function unknownPicture(manifests: ReadonlyMap<WorkerName, Manifest>, query: string): AtelierError {
  const known = [...(manifests.get('ingest')?.items.keys() ?? [])];
  return new AtelierError({
    code: 'INPUT_INVALID',
    action: 'trace',
    path: query,
    problem: 'no picture of the dataset has that name, and no file made from one',
    hint:
      known.length > 0
        ? `Did you mean ${closest(query, known)}?`
        : 'No stage has run yet: run "npx atelier preprocess" first.',
  });
}
