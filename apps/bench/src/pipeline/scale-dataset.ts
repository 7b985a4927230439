import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readManifest, type Manifest } from '@atelier/artifacts';
import { STAGES, type StageName } from '@atelier/core';
import { makePictures, pictureName, pictureOf } from './make-pictures.js';
import type { ScaleCase, ScalePlace, ScaleRow } from './scale.js';

/** A dataset of made-up pictures, and what has been measured on it. */
export interface ScaleDataset {
  readonly case: ScaleCase;
  readonly root: string;
  /** What a measurement that was stopped had found. */
  readonly rows: readonly ScaleRow[];
  /** Writes down a row for a measurement that goes on later. */
  keep(row: ScaleRow): Promise<void>;
  /** Removes what a stage has made. */
  clear(stage: StageName): Promise<void>;
  /** Writes other bytes into one picture, others each time. */
  changePicture(): Promise<void>;
  /** How many samples there are, once augment has run. */
  samples(): Promise<number>;
}

/** Tiny pictures: what is measured is what Atelier does besides decoding and encoding. */
const PICTURE = { classes: 49, width: 24, height: 24, patch: 1 };
const SIDE = { width: 16, height: 16 };

/** Makes the pictures, once, and a dataset without results; with `resume` those of the last measurement stay. */
export async function openScaleDataset(
  measured: ScaleCase,
  { folder, resume, report }: ScalePlace,
): Promise<ScaleDataset> {
  const { pictures, imagesPerSource } = measured;
  const root = path.join(folder, `scale-${pictures}x${imagesPerSource}`);
  report(`scale: making ${pictures} pictures`);
  await makePictures(path.join(root, 'images'), { ...PICTURE, count: pictures });
  const file = path.join(root, 'measured.json');
  const rows: ScaleRow[] =
    resume && existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as ScaleRow[]) : [];
  const writePicture = async (name: string) =>
    writeFile(path.join(root, 'images', pictureName(0, PICTURE)), await pictureOf(name, PICTURE));
  const clear = (stage: StageName) => rm(path.join(root, STAGES[stage]), { recursive: true, force: true });
  if (rows.length === 0) {
    await writePicture('0'); // it may be that of an earlier measurement
    await writeFile(
      path.join(root, 'dataset.json'),
      JSON.stringify({ resize: SIDE, augment: { imagesPerSource } }),
    );
    for (const stage of Object.keys(STAGES) as StageName[]) await clear(stage);
  }
  return {
    case: measured,
    root,
    rows: [...rows],
    async keep(row) {
      if (rows.every(({ what }) => what !== row.what)) rows.push(row);
      await writeFile(file, JSON.stringify(rows));
    },
    clear,
    changePicture: () => writePicture(`changed ${performance.now()}`),
    async samples() {
      const manifest = path.join(root, STAGES.augment, 'manifest.jsonl');
      return ((await readManifest(manifest)) as Manifest).items.size;
    },
  };
}
