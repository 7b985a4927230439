import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomic } from '@atelier/artifacts';
import { AtelierError, STAGES } from '@atelier/core';
import { openDataset, runStage, stderrReporter, type Stage } from '@atelier/stage';
import type { Settings } from '../plan/settings.js';

/** The bench's dataset on disk. */
export interface BenchDataset {
  readonly root: string;
  /** Its resized JPEGs, a sub-folder per class: the same pictures that its shards hold. */
  readonly pictures: string;
}

/** What the dataset is made from. */
export interface DatasetPlace {
  /** The folder of class folders whose pictures are repeated. */
  readonly sources: string;
  /** Where datasets of the bench lie, one folder for each size. */
  readonly parent: string;
}

type Size = Pick<Settings, 'size' | 'pictures' | 'classes'>;

/**
 * Makes the bench's dataset with our own pipeline: the sample's paintings, repeated until there are enough, dealt out to
 * the classes in turn, all of them for training and none augmented beforehand. What is there already is not made again.
 */
export async function makeBenchDataset(place: DatasetPlace, size: Size): Promise<BenchDataset> {
  const root = path.join(place.parent, `dataset-${size.size}px-${size.pictures}-${size.classes}`);
  await copySources(place.sources, { folder: path.join(root, 'images'), size });
  await writeFileAtomic(path.join(root, 'dataset.json'), `${JSON.stringify(configOf(size), null, 2)}\n`);
  const dataset = await openDataset(root);
  const reporter = stderrReporter();
  for (const stage of await loadStages()) await runStage(stage, dataset, { reporter });
  return { root, pictures: path.join(root, STAGES.resize) };
}

/** The dataset.json. */
export const configOf = ({ size }: Pick<Size, 'size'>) => ({
  resize: { width: size, height: size },
  split: { train: 1, validation: 0, test: 0, groupNearDuplicates: false },
  augment: { imagesPerSource: 1, splits: [] },
});

/** Where picture i goes, and which source it is a copy of. */
export const placeOf = (index: number, { classes, sources }: { classes: number; sources: number }) => ({
  file: `class_${String(index % classes).padStart(4, '0')}/${String(index).padStart(6, '0')}.jpg`,
  source: index % sources,
});

async function copySources(from: string, { folder, size }: { folder: string; size: Size }): Promise<void> {
  const entries = await readdir(from, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.jpg'))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  if (files.length === 0) {
    throw new AtelierError({
      code: 'INPUT_MISSING',
      action: 'make the dataset of the benchmark from',
      path: from,
      problem: 'there are no JPEG files below it',
      hint: 'Restore the sample (git checkout datasets/sample).',
    });
  }
  await mkdir(folder, { recursive: true });
  const present = new Set(await readdir(folder, { recursive: true }));
  for (let index = 0; index < size.pictures; index++) {
    const { file, source } = placeOf(index, { classes: size.classes, sources: files.length });
    if (present.has(file)) continue;
    const target = path.join(folder, file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFileAtomic(target, await readFile(files[source] as string));
  }
}

/** The stages in their order, loaded when they are needed. */
async function loadStages(): Promise<Stage[]> {
  const { ingest } = await import('@atelier/ingest');
  const { resize } = await import('@atelier/resize');
  const { labels } = await import('@atelier/labels');
  const { split } = await import('@atelier/split');
  const { augment } = await import('@atelier/augment');
  const { normalize } = await import('@atelier/normalize');
  return [ingest, resize, labels, split, augment, normalize] as unknown as Stage[];
}
