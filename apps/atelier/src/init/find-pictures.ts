import { stat } from 'node:fs/promises';
import { AtelierError, classNameOf, classTable, groupBy } from '@atelier/core';
import type { Listing } from '@atelier/ingest';

/** What a folder of pictures holds, as ingest will take it. */
export interface FoundPictures {
  /** In the order of the class table; empty classes too. */
  readonly classes: readonly { readonly name: string; readonly files: number }[];
  readonly files: number;
  readonly listing: Listing;
  /** What the person may not have meant. */
  readonly warnings: readonly string[];
}

/** Names of folders that hold a part of a data set, not a class. */
const SPLIT_NAMES = new Set(['train', 'training', 'val', 'valid', 'validation', 'test', 'testing', 'dev']);

/**
 * Looks for pictures in a folder that has one sub-folder per class.
 * @param folder absolute
 * @throws AtelierError USAGE where there is no such folder, no sub-folder, or no picture in any of them
 */
export async function findPictures(folder: string): Promise<FoundPictures> {
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined)
    throw unusable(folder, 'there is no such folder', 'Check the path behind --images.');
  if (!found.isDirectory()) {
    throw unusable(folder, 'it is a file', 'Name the folder that holds one sub-folder per class.');
  }
  const { listSources } = await import('@atelier/ingest');
  const listing = await listSources(folder);
  refuseEmpty(folder, listing);
  const files = groupBy(listing.sourceIds, classNameOf);
  const classes = classTable(listing.classFolders).map((name) => ({
    name,
    files: files.get(name)?.length ?? 0,
  }));
  return { classes, files: listing.sourceIds.length, listing, warnings: pictureWarnings(listing) };
}

function refuseEmpty(folder: string, { classFolders, sourceIds, skipped }: Listing): void {
  const loose = skipped.filter(({ reason }) => reason === 'not in a class folder').length;
  if (classFolders.length === 0) {
    throw unusable(
      folder,
      `it has no sub-folder${loose > 0 ? `; ${loose} files lie directly in it` : ''}`,
      'Make one sub-folder per class and move the pictures of the class into it.',
    );
  }
  if (sourceIds.length === 0) {
    throw unusable(
      folder,
      `none of its ${classFolders.length} sub-folders holds a picture`,
      'Put the pictures of each class into its sub-folder.',
    );
  }
}

/** What a listing hints at that the person may not have meant. */
export function pictureWarnings(listing: Listing): string[] {
  const notable = listing.skipped.filter(({ reason }) => !/^(hidden|left behind)/.test(reason));
  const leftOut = [...groupBy(notable, ({ reason }) => reason)].map(([reason, files]) => {
    const example = `${files[0]?.path}${files.length > 1 ? ', …' : ''}`;
    return `${files.length} left out (${example}): ${reason}`;
  });
  const structure = structureWarning(listing);
  return structure === undefined ? leftOut : [structure, ...leftOut];
}

/** Folders that are probably not the classes. */
function structureWarning({ classFolders, sourceIds }: Listing): string | undefined {
  if (classFolders.every((name) => SPLIT_NAMES.has(name.toLowerCase()))) {
    return (
      `the sub-folders are named ${classFolders.join(', ')}, and each will be a class; Atelier splits by itself: ` +
      'give it a folder whose sub-folders are the classes'
    );
  }
  if (classFolders.length > 1) return undefined;
  const below = new Set(sourceIds.map((id) => id.split('/').slice(1, -1)[0]));
  return below.size > 1 && !below.has(undefined)
    ? `there is one class, "${classFolders[0]}", and it has ${below.size} sub-folders; are these the classes?`
    : `there is only one class, "${classFolders[0]}"; a classifier needs two`;
}

function unusable(folder: string, problem: string, hint: string): AtelierError {
  return new AtelierError({ code: 'USAGE', action: 'take the pictures of', path: folder, problem, hint });
}
