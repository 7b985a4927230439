import { relative, resolve, sep } from 'node:path';
import type { DatasetConfig, Split } from '@atelier/core';
import { listTree, type Skipped } from './list-tree.js';
import type { Contained } from './containers/contained.js';
import { sourcesInContainers } from './containers/sources-in-containers.js';
import { sourcesByMetadata } from './sources-by-metadata.js';
import { sourcesByFolder } from './sources-by-folder.js';
import { sourcesByTable } from './sources-by-table.js';
import { readLabelTable } from './label-table.js';

/** A picture, and what its folder or the table of labels says of it. */
export interface Source {
  /** The sourceId. */
  readonly id: string;
  /** In Unicode normal form C. */
  readonly className: string;
  /** Where it was given. */
  readonly split?: Split;
  /** Where it lies, for a picture inside a file that holds many. */
  readonly contained?: Contained;
}

/** What a row of the table of labels asks for and cannot be had. */
export interface RefusedRow {
  /** The sourceId; where the row names none, its path as it stands there. */
  readonly id: string;
  /** The file at fault, as quarantine names it. */
  readonly path: string;
  readonly reason: string;
  readonly remedy: string;
}

/** The pictures of a dataset and their classes. Everything is in the order of code points. */
export interface Listing {
  /** The classes as they are written, those without pictures too, in whatever Unicode normal form. */
  readonly classNames: readonly string[];
  /** The folders that are classes, empty ones too; none where a table names the classes. */
  readonly classFolders: readonly string[];
  readonly sources: readonly Source[];
  readonly refused: readonly RefusedRow[];
  /** Everything else, and why it is left out. */
  readonly skipped: readonly Skipped[];
  /** What a person should know, one line each. */
  readonly notes: readonly string[];
}

/** What decides which files are pictures of which class. */
export type ListingRules = Pick<DatasetConfig, 'images' | 'layout'> & {
  readonly labels: Omit<DatasetConfig['labels'], 'encodings' | 'image'> & { readonly image?: string };
  /** The names that labels in numbers are indices of. */
  readonly classes?: DatasetConfig['classes'];
};

/**
 * Lists the pictures of a dataset: by their folders, or by the table that names them. Only what lies in the folder
 * of pictures is ever listed, whatever the table says.
 * @param root the dataset's folder
 * @throws AtelierError INPUT_MISSING where the folder or the table is not there, INPUT_INVALID for a table that
 * cannot be read
 */
export async function listSources(root: string, rules: ListingRules): Promise<Listing> {
  const images = resolve(root, rules.images);
  const tree = await listTree(images);
  const { layout } = rules;
  if (layout === 'imagefolder') return sourcesByMetadata(images, tree, rules);
  if (layout === 'parquet' || layout === 'webdataset') {
    return sourcesInContainers(images, tree, { ...rules, layout });
  }
  const { csv } = rules.labels;
  if (csv === null) return sourcesByFolder(tree, layout);
  const path = resolve(root, csv);
  const table = await readLabelTable(path, { ...rules.labels, name: csv });
  return sourcesByTable(tree, { ...table, sourceId: relative(images, path).split(sep).join('/') });
}
