import { readArrowTable, readManifestLine, readNpy, type ManifestItem } from '@atelier/artifacts';
import { AtelierError, SPLITS, STAGES, type StageName } from '@atelier/core';
import { readHistory, stageFolder, type Made } from '@atelier/stage';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { ArtifactStore } from '../dataset/artifact-store.js';
import { insideOf } from '../dataset/picture-files.js';
import { findTensor, heatMap, openShard, readTensor, summarizeChannels } from '../dataset/tensors.js';
import { failures, type Routes } from '../server/api.js';

const file = z.object({ path: z.string(), sizeBytes: z.number(), sha256: z.string() });

const tracedItem = z.object({
  id: z.string(),
  key: z.string(),
  digest: z.string(),
  inputs: z
    .array(z.object({ path: z.string(), sha256: z.string() }))
    .describe('Those that have to do with this picture.'),
  otherInputs: z.number(),
  outputs: z.array(file),
  facts: z.record(z.string(), z.json()).describe('Parameters, and what the stage found out.'),
  quarantine: z.object({ reason: z.string(), remedy: z.string() }).nullable(),
  made: z
    .object({ at: z.string(), reason: z.string() })
    .nullable()
    .describe('When and why it was made last.'),
});

/** One picture through every stage. */
export const trace = z.object({
  sourceId: z.string(),
  className: z.string(),
  split: z.enum(SPLITS).nullable(),
  previous: z.string().nullable().describe('The sourceId before it, by code point.'),
  next: z.string().nullable(),
  oneHot: z.object({ classes: z.array(z.string()), row: z.array(z.number()) }).nullable(),
  stages: z.array(
    z.object({
      stage: z.enum(Object.keys(STAGES) as [StageName, ...StageName[]]),
      items: z.array(tracedItem),
    }),
  ),
});

/** One picture through every stage. */
export type PictureTrace = z.infer<typeof trace>;

/** One item of a stage. */
export type TracedItem = z.infer<typeof tracedItem>;

const channel = z.object({
  min: z.number(),
  max: z.number(),
  mean: z.number(),
  std: z.number(),
  bins: z.array(z.number()),
});

/** A sample's tensor. */
export const tensor = z.object({
  sampleId: z.string(),
  path: z.string(),
  row: z.number(),
  shape: z.array(z.number()),
  dtype: z.string(),
  range: z.tuple([z.number(), z.number()]).describe('What the bins divide, and the colours span.'),
  channels: z.array(channel),
  map: z.array(z.array(z.number())).describe('Means over blocks of pixels, row by row.'),
});

/** A sample's tensor. */
export type TensorView = z.infer<typeof tensor>;

const MAP_SIDE = 60;

/** One picture, followed through every stage, and its tensors. */
export const traceRoutes: Routes = (app, { store }) => {
  app.get(
    '/api/trace',
    {
      schema: {
        summary: 'One picture through every stage',
        querystring: z.object({ id: z.string().min(1).max(4096).describe('A sourceId.') }),
        response: { 200: trace, ...failures },
      },
    },
    ({ query }) => tracePicture(store, query.id),
  );
  app.get(
    '/api/tensor',
    {
      schema: {
        summary: 'The tensor of a sample: statistics, histogram, heat map',
        querystring: z.object({
          id: z.string().min(1).max(4096).describe('A sampleId.'),
          channel: z.enum(['all', 'red', 'green', 'blue']).default('all'),
        }),
        response: { 200: tensor, ...failures },
      },
    },
    ({ query }) => viewTensor(store, query.id, query.channel),
  );
};

async function tracePicture(store: ArtifactStore, sourceId: string): Promise<PictureTrace> {
  const { rows, byId } = await store.pictures();
  const row = byId.get(sourceId);
  if (row === undefined) throw unknown('follow the picture', sourceId);
  const at = rows.indexOf(row);
  const stages: PictureTrace['stages'] = [];
  for (const stage of Object.keys(STAGES) as StageName[]) {
    stages.push({ stage, items: await itemsOf(store, stage, sourceId) });
  }
  return {
    sourceId,
    className: row.className,
    split: row.split ?? null,
    previous: rows[at - 1]?.id ?? null,
    next: rows[at + 1]?.id ?? null,
    oneHot: await oneHotRow(store, sourceId),
    stages,
  };
}

async function itemsOf(store: ArtifactStore, stage: StageName, sourceId: string): Promise<TracedItem[]> {
  const state = await store.stage(stage);
  if (state.kind !== 'read') return [];
  const { index } = state;
  const variants: string[] = [];
  for (let n = 0; index.items.has(`${sourceId}#${n}`); n++) variants.push(`${sourceId}#${n}`);
  const ids = [sourceId, ...variants].filter((id) => index.items.has(id));
  const items =
    stage === 'normalize'
      ? await shardsOf(store, sourceId)
      : await Promise.all(
          ids.map((id) => readManifestLine(index.path, index.items.get(id)?.place ?? NOWHERE)),
        );
  const { history } = stageFolder(store.root, stage);
  const made = await readHistory(history, new Set(items.map(({ id }) => id)));
  return items.map((item) => traced(item, sourceId, made.get(item.id)));
}

const NOWHERE = { offset: 0, length: 0 };

/** The shards that hold variants of a picture, each once. */
async function shardsOf(store: ArtifactStore, sourceId: string): Promise<ManifestItem[]> {
  const [normalize, augment] = await Promise.all([store.stage('normalize'), store.stage('augment')]);
  if (normalize.kind !== 'read' || augment.kind !== 'read') return [];
  const found = new Map<string, ManifestItem>();
  for (let n = 0; augment.index.items.has(`${sourceId}#${n}`); n++) {
    const place = await findTensor(normalize.index, `${sourceId}#${n}`);
    if (place !== null) found.set(place.item.id, place.item);
  }
  return [...found.values()];
}

function traced(item: ManifestItem, sourceId: string, made: Made | undefined): TracedItem {
  const { id, key, inputs = {}, outputs, params = {}, data = {}, quarantine } = item;
  const { samples: _samples, sourceId: _sourceId, ...facts } = { ...params, ...data };
  const all = Object.entries(inputs).map(([path, sha256]) => ({ path, sha256 }));
  const stem = sourceId.slice(sourceId.lastIndexOf('/') + 1).replace(/\.[^.]*$/u, '');
  const own = all.length > 3 ? all.filter(({ path }) => path.includes(stem)) : all;
  return {
    id,
    key,
    digest: (outputs[0]?.sha256 ?? all[0]?.sha256 ?? '').slice(0, 12),
    inputs: own,
    otherInputs: all.length - own.length,
    outputs: outputs.map(({ path, sizeBytes, sha256 }) => ({ path, sizeBytes, sha256 })),
    facts: facts as TracedItem['facts'],
    quarantine: quarantine === undefined ? null : { reason: quarantine.reason, remedy: quarantine.remedy },
    made: made ?? null,
  };
}

/** The picture's row of one_hot.npy; null where there is none. */
async function oneHotRow(store: ArtifactStore, sourceId: string): Promise<PictureTrace['oneHot']> {
  const labels = await store.stage('labels');
  if (labels.kind !== 'read' || !labels.index.items.has(sourceId)) return null;
  const classes = labels.index.header['classes'] as string[];
  const inside = (name: string) => insideOf([store.root], resolve(store.root, STAGES.labels, name));
  try {
    const table = await readArrowTable(await inside('labels.arrow'));
    const { data, shape } = await readNpy(await inside('one_hot.npy'));
    const row = table
      .column('path', 'utf8')
      .findIndex((path) => path === sourceId || path === `images/${sourceId}`);
    const width = shape[1] ?? 0;
    return row < 0 ? null : { classes, row: Array.from(data.slice(row * width, (row + 1) * width), Number) };
  } catch (error) {
    // other encodings may have been asked for
    if (error instanceof AtelierError && error.code === 'ARTIFACT_MISSING') return null;
    throw error;
  }
}

async function viewTensor(store: ArtifactStore, sampleId: string, wanted: string): Promise<TensorView> {
  const normalize = await store.stage('normalize');
  const place = normalize.kind === 'read' ? await findTensor(normalize.index, sampleId) : null;
  if (normalize.kind !== 'read' || place === null) throw unknown('show the tensor', sampleId);
  const shard = await openShard(store.root, place.path);
  try {
    const values = readTensor(shard, place.row);
    const range = rangeOf(normalize.index.header['valueRange'], values.dtype);
    const index = ['red', 'green', 'blue'].indexOf(wanted);
    return {
      sampleId,
      path: place.path,
      row: place.row,
      shape: [...values.shape],
      dtype: values.dtype,
      range,
      channels: summarizeChannels([values], range),
      map: heatMap(values, index < 0 ? null : index, MAP_SIDE),
    };
  } finally {
    shard.close();
  }
}

/** The value range that the manifest states. */
export function rangeOf(stated: unknown, dtype: string): [number, number] {
  if (Array.isArray(stated) && stated.length === 2) return [Number(stated[0]), Number(stated[1])];
  return dtype === 'uint8' ? [0, 255] : [0, 1];
}

function unknown(action: string, id: string): AtelierError {
  return new AtelierError({
    code: 'INPUT_MISSING',
    action,
    path: id,
    problem: 'no manifest names it',
    hint: 'Run "npx atelier preprocess", or choose another picture.',
  });
}
