import type { DatasetConfig } from '@atelier/core';
import { containersIn } from './containers/sources-in-containers.js';
import { listTree } from './list-tree.js';
import { metadataFiles } from './sources-by-metadata.js';

/**
 * The layout that files in a folder tell of: metadata tables of an image folder, Parquet files, tar shards; undefined
 * where none of them is there, so that folders name the classes.
 * @param folder absolute
 */
export async function layoutBesideFolders(folder: string): Promise<DatasetConfig['layout'] | undefined> {
  const tree = await listTree(folder);
  if (metadataFiles(tree).length > 0) return 'imagefolder';
  if (containersIn(tree, 'parquet').length > 0) return 'parquet';
  return containersIn(tree, 'webdataset').length > 0 ? 'webdataset' : undefined;
}
