import type { ManifestOutput } from '@atelier/artifacts';
import type { DatasetConfig, PublishFormat } from '@atelier/core';
import type { Datasheet } from './datasheet.js';

/** What cards and metadata are written from. */
export interface Described {
  readonly publish: DatasetConfig['publish'];
  readonly sheet: Datasheet;
  /** Every file of data that is published, of all formats. */
  readonly files: readonly ManifestOutput[];
}

/** The files of data of one format, their paths relative to its folder. */
export function filesOf(format: PublishFormat, { files }: Described): ManifestOutput[] {
  const folder = `published/${format}/`;
  const described = ['README.md', 'croissant.json'];
  return files
    .filter(({ path }) => path.startsWith(folder))
    .map((file) => ({ ...file, path: file.path.slice(folder.length) }))
    .filter(({ path }) => !described.includes(path));
}
