/** For tests only: a dataset of many pictures whose manifests are written outright, as the stages would write them. */
import { linkSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256, writeManifest, type ManifestItem } from '@atelier/artifacts';
import { STAGES, type Split, type StageName } from '@atelier/core';
import { encodeJpeg } from '@atelier/image';
import type { TestDataset } from './inspector-fixture.js';

const CLASSES = 20;
const SIDE = 32;
/** Files that differ; all others are links to one of them, which are made many times as fast. */
const DIFFERENT = 50;

/**
 * Makes a dataset of so many pictures. The sources are there; of the other stages there are the manifests, which is what
 * lists read.
 */
export async function largeDataset(pictures: number): Promise<TestDataset> {
  const root = await mkdtemp(join(tmpdir(), 'atelier-large-'));
  const files = await Promise.all(Array.from({ length: DIFFERENT }, (_, i) => tile(i)));
  const digests = files.map((file) => sha256(file));
  const names = Array.from({ length: CLASSES }, (_, i) => `class_${String(i).padStart(2, '0')}`);
  for (const name of names) await mkdir(join(root, 'images', name), { recursive: true });
  const ids: string[] = [];
  for (let i = 0; i < pictures; i++)
    ids.push(`${names[i % CLASSES]}/picture_${String(i).padStart(6, '0')}.jpg`);
  for (const [i, id] of ids.entries()) {
    const path = join(root, 'images', id);
    if (i < DIFFERENT) writeFileSync(path, files[i] as Uint8Array);
    else linkSync(join(root, 'images', ids[i % DIFFERENT] as string), path);
  }
  await writeFile(join(root, 'dataset.json'), '{"resize":{"width":32,"height":32}}');
  const item = (stage: StageName, id: string, i: number): ManifestItem => {
    const digest = digests[i % DIFFERENT] as string;
    const [className = ''] = id.split('/');
    const split: Split = i % 10 === 0 ? 'test' : i % 10 === 1 ? 'validation' : 'train';
    const params = stage === 'split' ? { className, split } : { className };
    const inputs = { [`images/${id}`]: digest };
    const key = sha256(`${stage} ${id}`);
    if (stage === 'ingest') {
      const data = { format: 'jpeg', width: SIDE, height: SIDE, orientation: 1, frames: 1, sizeBytes: 600 };
      return { id, key, inputs, outputs: [], params, data };
    }
    if (stage === 'split') return { id, key, inputs, outputs: [], params };
    const data = {
      channelMean: [0.3, 0.4, 0.5],
      channelMeanSquare: [0.1, 0.2, 0.3],
      detail: 20,
      dhash: sha256(id).slice(0, 16),
    };
    const output = { path: `${STAGES.resize}/${id}`, sha256: digest, sizeBytes: 600 };
    return { id, key, inputs, outputs: [output], params, data };
  };
  for (const stage of ['ingest', 'resize', 'split'] as const) {
    await mkdir(join(root, STAGES[stage]), { recursive: true });
    const header = {
      stage,
      version: 1,
      config: {},
      ...(stage === 'ingest' && { classNames: names, skipped: [] }),
    };
    const items = new Map(ids.map((id, i) => [id, item(stage, id, i)]));
    await writeManifest(join(root, STAGES[stage], 'manifest.jsonl'), { header, items });
  }
  return { root, remove: () => rm(root, { recursive: true, force: true }) };
}

/** A picture of one colour with a stripe, another for each number. */
function tile(i: number): Promise<Uint8Array> {
  const data = new Uint8Array(SIDE * SIDE * 3);
  for (let p = 0; p < data.length; p += 3) {
    const stripe = Math.floor(p / 3 / SIDE) % 8 < 1 + (i % 7);
    data.set(stripe ? [i * 5, 255 - i * 4, 120] : [40, i * 3, 200 - i * 2], p);
  }
  return encodeJpeg({ data, width: SIDE, height: SIDE }, 85);
}
