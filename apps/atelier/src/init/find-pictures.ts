import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { AtelierError, classTable, groupBy, type DatasetConfig } from '@atelier/core';
import type { Listing } from '@atelier/ingest';
import { tableColumns, type TableColumns } from './table-columns.js';

/** Where the pictures and their classes are. */
export interface WhereToLook {
  /** The folder of pictures, absolute. */
  readonly images: string;
  /** The table of labels, absolute, and its columns as far as they are named; without it the folders are the classes. */
  readonly table?: { readonly path: string; readonly columns: Partial<Record<keyof TableColumns, string>> };
  /** What the folders are; found out where it is not said. */
  readonly layout?: DatasetConfig['layout'];
}

/** What a folder of pictures holds, as ingest will take it. */
export interface FoundPictures {
  /** In the order of the class table; empty classes too. */
  readonly classes: readonly { readonly name: string; readonly files: number }[];
  readonly files: number;
  readonly layout: DatasetConfig['layout'];
  /** The columns of the table of labels; undefined where folders are the classes. */
  readonly columns: TableColumns | undefined;
  readonly listing: Listing;
  /** What the person may not have meant. */
  readonly warnings: readonly string[];
}

/**
 * Looks for pictures: by the table of labels where there is one, else in a folder that has one sub-folder per class,
 * or one per split with the classes in it.
 * @throws AtelierError USAGE where there is no such folder, no sub-folder, or no picture in any of them
 */
export async function findPictures(where: WhereToLook): Promise<FoundPictures> {
  const { images: folder, table } = where;
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined)
    throw unusable(folder, 'there is no such folder', 'Check the path behind --images.');
  if (!found.isDirectory()) {
    throw unusable(folder, 'it is a file', 'Name the folder that holds the pictures.');
  }
  if (table !== undefined) return findByTable(folder, table);
  const { layout, listing } = await listFolders(folder, where.layout);
  if (layout === 'class' || layout === 'split/class') refuseEmpty(folder, listing);
  else if (listing.sources.length === 0) {
    throw unusable(folder, `nothing in it is a picture by the layout ${layout}`, 'Choose another --layout.');
  }
  const warnings = [...refusedEntries(listing), ...pictureWarnings(listing, layout)];
  return { ...counted(listing), layout, columns: undefined, listing, warnings };
}

async function findByTable(
  images: string,
  { path, columns: named }: NonNullable<WhereToLook['table']>,
): Promise<FoundPictures> {
  const { listSources } = await import('@atelier/ingest');
  const { hints, ...columns } = await tableColumns(path, named);
  const labels = { csv: basename(path), separator: null, ...columns };
  const listing = await listSources(dirname(path), { images, layout: 'class', labels });
  if (listing.sources.length === 0) {
    const [first] = listing.refused;
    const why =
      first === undefined ? 'it has no rows' : `${listing.refused.length} rows, the first: ${first.reason}`;
    throw unusable(
      path,
      `it names no picture below ${images}: ${why}`,
      'Paths start in the folder of pictures.',
    );
  }
  const warnings = [...hints, ...refusedRows(listing), ...listing.notes, ...leftOut(listing)];
  return { ...counted(listing), layout: 'class', columns, listing, warnings };
}

/** The listing by the layout that is asked for; else by split and class, where the folders look like it. */
async function listFolders(
  images: string,
  asked: DatasetConfig['layout'] | undefined,
): Promise<{ layout: DatasetConfig['layout']; listing: Listing }> {
  const { layoutBesideFolders, listSources, looksLikeSplits } = await import('@atelier/ingest');
  const list = async (layout: DatasetConfig['layout']) => {
    const labels = { csv: null, path: 'path', label: 'label', split: null, separator: null };
    return { layout, listing: await listSources(images, { images, layout, labels }) };
  };
  if (asked !== undefined) return list(asked);
  const files = await layoutBesideFolders(images);
  if (files !== undefined) return list(files);
  const byClass = await list('class');
  if (!looksLikeSplits(byClass.listing.classFolders)) return byClass;
  const bySplit = await list('split/class');
  return bySplit.listing.sources.length > 0 ? bySplit : byClass;
}

function counted({ classNames, sources }: Listing): Pick<FoundPictures, 'classes' | 'files'> {
  const files = groupBy(sources, ({ className }) => className);
  const classes = classTable(classNames).map((name) => ({ name, files: files.get(name)?.length ?? 0 }));
  return { classes, files: sources.length };
}

function refuseEmpty(folder: string, { classFolders, sources, skipped }: Listing): void {
  const loose = skipped.filter(({ reason }) => reason === 'not in a class folder').length;
  if (classFolders.length === 0) {
    throw unusable(
      folder,
      `it has no sub-folder that is a class${loose > 0 ? `; ${loose} files lie outside of any` : ''}`,
      'Make one sub-folder per class and move the pictures of the class into it, or name a table with --labels.',
    );
  }
  if (sources.length === 0) {
    throw unusable(
      folder,
      `none of its ${classFolders.length} sub-folders holds a picture`,
      'Put the pictures of each class into its sub-folder.',
    );
  }
}

/** What a listing hints at that the person may not have meant. */
function pictureWarnings(listing: Listing, layout: DatasetConfig['layout']): string[] {
  const structure = layout === 'class' ? structureWarning(listing) : undefined;
  return structure === undefined ? leftOut(listing) : [structure, ...leftOut(listing)];
}

function leftOut({ skipped }: Listing): string[] {
  const notable = skipped.filter(({ reason }) => !/^(hidden|left behind|the table of labels)/.test(reason));
  return [...groupBy(notable, ({ reason }) => reason)].map(([reason, files]) => {
    const example = `${files[0]?.path}${files.length > 1 ? ', …' : ''}`;
    return `${files.length} left out (${example}): ${reason}`;
  });
}

function refusedEntries({ refused }: Listing): string[] {
  const [first] = refused;
  if (first === undefined) return [];
  return [`${refused.length} will go to quarantine, the first: ${first.path}: ${first.reason}`];
}

function refusedRows({ refused }: Listing): string[] {
  const [first] = refused;
  if (first === undefined) return [];
  return [
    `${refused.length} rows of the table cannot be obeyed and will go to quarantine, the first: ` +
      `${first.path}: ${first.reason}`,
  ];
}

/** Folders that are probably not the classes. */
function structureWarning({ classFolders, sources, notes }: Listing): string | undefined {
  if (notes.length > 0) return notes[0];
  if (classFolders.length > 1) return undefined;
  const below = new Set(sources.map(({ id }) => id.split('/').slice(1, -1)[0]));
  return below.size > 1 && !below.has(undefined)
    ? `there is one class, "${classFolders[0]}", and it has ${below.size} sub-folders; are these the classes?`
    : `there is only one class, "${classFolders[0]}"; a classifier needs two`;
}

function unusable(folder: string, problem: string, hint: string): AtelierError {
  return new AtelierError({ code: 'USAGE', action: 'take the pictures of', path: folder, problem, hint });
}
