// Datasets of the tests, as the stages before would leave them: pictures on disk and the manifests that name them.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readManifest, sha256, writeManifest, type Manifest, type ManifestItem } from '@atelier/artifacts';
import { randomStream, STAGES, type Split, type StageName } from '@atelier/core';
import { encodeJpeg } from '@atelier/image';
import { openDataset, runStage, silentReporter, type RunOptions } from '@atelier/stage';
import { publish } from '../publish.js';

/** A source: its class and split, what its pictures show, and how many variants augment made of it. */
export interface Source {
  readonly className: string;
  readonly split: Split;
  readonly look?: number;
  readonly variants?: number;
}

export const SIZE = { width: 24, height: 20 };

/** A folder that each test of the file gets anew; call it at the top of the file. */
export function temporaryDataset(): () => string {
  let root: string;
  beforeEach(async () => (root = await mkdtemp(join(tmpdir(), 'atelier-publish-'))));
  afterEach(() => rm(root, { recursive: true }));
  return () => root;
}

async function picture(look: number, quality = 90): Promise<Uint8Array> {
  const random = randomStream(1, ['look', String(look)]);
  const data = Uint8Array.from({ length: SIZE.width * SIZE.height * 3 }, () => random.below(256));
  return encodeJpeg({ data, ...SIZE }, quality);
}

/** Writes what ingest to augment leave behind, by the sources' ids. */
export async function upstream(
  root: string,
  sources: Readonly<Record<string, Source>>,
  classes: readonly string[] = [...new Set(Object.values(sources).map(({ className }) => className))].sort(),
): Promise<void> {
  const put = async (path: string, bytes: Uint8Array) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), bytes);
    return { path, sizeBytes: bytes.byteLength, sha256: sha256(bytes) };
  };
  const items: Record<StageName, ManifestItem[]> = {
    ingest: [],
    resize: [],
    labels: [],
    split: [],
    augment: [],
    normalize: [],
  };
  for (const [id, { className, split, look = id.length, variants = 1 }] of Object.entries(sources)) {
    const base = { key: 'k', outputs: [] };
    const inputs = { [`images/${id}`]: sha256(`${id} ${look}`) };
    const file = await put(`resized_images/${id}.jpg`, await picture(look));
    const measures = {
      dhash: sha256(String(look)).slice(0, 16),
      detail: 50,
      channelMean: [0.5, 0.5, 0.5],
      channelMeanSquare: [0.3, 0.3, 0.3],
    };
    items.ingest.push({
      ...base,
      id,
      inputs,
      params: { className },
      data: { format: 'png', width: 40 + look, height: 30, orientation: 1 },
    });
    items.resize.push({ ...base, id, inputs, params: { className }, outputs: [file], data: measures });
    items.split.push({ ...base, id, inputs, params: { className, split } });
    for (let variant = 0; variant < variants; variant++) {
      const output = await put(`generated_images/${id}_${variant}.jpg`, await picture(look + variant * 1000));
      const params = { className, sourceId: id, split, variant };
      items.augment.push({ ...base, id: `${id}#${variant}`, outputs: [output], params });
    }
  }
  const headers: Partial<Record<StageName, object>> = {
    ingest: { classNames: classes },
    labels: { classes },
  };
  for (const [stage, list] of Object.entries(items) as [StageName, ManifestItem[]][]) {
    if (stage === 'normalize') continue;
    await mkdir(join(root, STAGES[stage]), { recursive: true });
    await writeManifest(join(root, STAGES[stage], 'manifest.jsonl'), {
      header: { stage, version: 1, config: {}, ...headers[stage] },
      items: new Map(list.map((item) => [item.id, item])),
    });
  }
}

/** Publishes, with these settings under `publish`. */
export async function run(
  root: string,
  settings: Record<string, unknown> = {},
  options: Partial<RunOptions> = {},
) {
  await writeFile(join(root, 'dataset.json'), JSON.stringify({ resize: SIZE, publish: settings }));
  return runStage(publish, await openDataset(root), { reporter: silentReporter, ...options });
}

/** The manifest that publishing left. */
export const published = async (root: string) =>
  (await readManifest(join(root, 'published/manifest.jsonl'))) as Manifest;
