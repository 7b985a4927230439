import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { constants, copyFile, mkdir, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, join, relative, sep } from 'node:path';
import { writeError, writeFileAtomic } from '@atelier/artifacts';
import { AtelierError, datasetJsonSchema, parseDatasetConfig, WORKERS } from '@atelier/core';
import type { FoundPictures } from './find-pictures.js';

/** A dataset to be made. */
export interface NewDataset {
  /** Its folder, absolute. */
  readonly root: string;
  /** The folder of pictures, absolute. */
  readonly images: string;
  /** The table of labels, absolute, where there is one. */
  readonly table?: string | undefined;
  /** Whether the pictures and the table are copied into it. */
  readonly copy: boolean;
}

/**
 * Makes the folder of a dataset: dataset.json with what is no default, its schema for editors and, on request, a copy of
 * the pictures and of the table of labels.
 * dataset.json comes last: what is cut short before is no dataset.
 * @throws AtelierError USAGE where something would be overwritten or the pictures lie in the wrong place
 */
export async function createDataset(
  dataset: NewDataset,
  found: Pick<FoundPictures, 'listing' | 'layout' | 'columns'>,
): Promise<void> {
  const { root, images, copy } = dataset;
  refuseOverwriting(dataset);
  await refuseMixing(dataset);
  if (copy) await copyPictures({ from: images, root }, found.listing);
  const content = {
    $schema: './dataset.schema.json',
    images: copy ? 'images' : reference(root, images),
    ...(found.layout !== 'class' && { layout: found.layout }),
    ...(dataset.table !== undefined && {
      labels: await tableSettings(dataset, dataset.table, found.columns),
    }),
  };
  await writeFileAtomic(join(root, 'dataset.schema.json'), asJson(datasetJsonSchema()));
  await writeFileAtomic(join(root, 'dataset.json'), asJson(content));
}

/** How dataset.json names a folder of pictures: relative to itself, "/"-separated; absolute only across drives. */
export function reference(root: string, images: string): string {
  const path = relative(root, images);
  return isAbsolute(path) ? path : path.split(sep).join('/');
}

/** What dataset.json says of the table of labels; it is copied first where that is asked for. */
async function tableSettings(
  { root, copy }: NewDataset,
  table: string,
  columns: FoundPictures['columns'],
): Promise<object> {
  const csv = copy ? copyName(table) : reference(root, table);
  if (copy) {
    await copyFile(table, join(root, csv), constants.COPYFILE_EXCL).catch((error: unknown) => {
      throw writeError('copy the table of labels to', join(root, csv), error);
    });
  }
  const defaults = datasetDefaults.labels as Readonly<Record<string, unknown>>;
  const named = Object.entries(columns ?? {}).filter(([column, name]) => defaults[column] !== name);
  return { csv, ...Object.fromEntries(named) };
}

const datasetDefaults = parseDatasetConfig({}, 'dataset.json');

const copyName = (table: string) => `labels${extname(table) || '.csv'}`;

function refuseOverwriting({ root, copy, table }: NewDataset): void {
  const copies = copy ? ['images', ...(table === undefined ? [] : [copyName(table)])] : [];
  for (const name of ['dataset.json', 'dataset.schema.json', ...copies]) {
    if (!existsSync(join(root, name))) continue;
    throw refusal(root, `it has ${name} already`, 'Choose another folder, or move that away.');
  }
}

/** Pictures and what is made from them must not lie in one tree: the results would be taken for pictures. */
async function refuseMixing({ root, images }: NewDataset): Promise<void> {
  const [realRoot, realImages] = await Promise.all([realPath(root), realPath(images)]);
  if (isWithin(realImages, realRoot)) {
    throw refusal(
      root,
      'it lies in the folder of pictures, where the results would be taken for pictures',
      'Choose a folder outside of it.',
    );
  }
  const [top] = relative(realRoot, realImages).split(sep);
  if ([...Object.values(WORKERS), 'models'].some((name) => name === top)) {
    throw refusal(
      root,
      `the pictures lie in its folder ${top}, which Atelier writes`,
      'Move them to images/.',
    );
  }
}

const isWithin = (folder: string, path: string) => {
  const below = relative(folder, path);
  return below === '' || (!isAbsolute(below) && below.split(sep)[0] !== '..');
};

/** The path without symbolic links; of what does not exist yet, the part that does. */
async function realPath(path: string): Promise<string> {
  if (existsSync(path) || dirname(path) === path) return realpath(path);
  return join(await realPath(dirname(path)), basename(path));
}

/** Copies beside and renames: a copy that is cut short leaves no folder images/. */
async function copyPictures(
  { from, root }: { from: string; root: string },
  { classFolders, sources }: FoundPictures['listing'],
): Promise<void> {
  const partial = join(root, `.images-${randomUUID()}`);
  try {
    for (const folder of classFolders) await mkdir(join(partial, folder), { recursive: true });
    for (const { id } of sources) {
      await mkdir(dirname(join(partial, id)), { recursive: true });
      await copyFile(join(from, id), join(partial, id), constants.COPYFILE_FICLONE);
    }
    await rename(partial, join(root, 'images'));
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined); // the first failure is the one to report
    throw writeError('copy the pictures to', root, error);
  }
}

const asJson = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;

function refusal(root: string, problem: string, hint: string): AtelierError {
  return new AtelierError({ code: 'USAGE', action: 'make the dataset', path: root, problem, hint });
}
