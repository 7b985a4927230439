import { compareCodePoints, SPLITS, type DatasetConfig } from '@atelier/core';
import type { Listing, Source } from './list-sources.js';
import { notAPicture, type Skipped, type Tree } from './list-tree.js';
import { splitNamed } from './split-names.js';

/** The layouts in which folders name the classes. */
export type FolderLayout = Extract<DatasetConfig['layout'], 'class' | 'split/class'>;

/**
 * The pictures whose folders name their classes: `<class>/…`, or `<split>/<class>/…` with the split given. Whatever
 * lies below a class folder belongs to the class.
 */
export function sourcesByFolder(tree: Tree, layout: FolderLayout): Listing {
  const depth = layout === 'class' ? 1 : 2;
  const [noSplit, folders] = layout === 'class' ? [[], tree.folders] : withoutSplit(tree.folders);
  const outside = new Set(noSplit);
  const skipped: Skipped[] = noSplit.map((path) => ({
    path,
    reason: `not named after a split (${SPLITS.join(', ')})`,
  }));
  const sources: Source[] = [];
  for (const id of tree.files) {
    const parts = id.split('/');
    if (layout === 'split/class' && parts.length > 1 && outside.has(parts[0] as string)) continue;
    const reason = parts.length <= depth ? `not in a class folder` : notAPicture(id);
    if (reason === undefined) sources.push(sourceOf(id, layout));
    else skipped.push({ path: id, reason });
  }
  const classFolders = folders.filter((folder) => folder.split('/').length === depth);
  return {
    classNames: [...new Set(classFolders.map((folder) => folder.split('/').at(-1) as string))].sort(
      compareCodePoints,
    ),
    classFolders,
    sources,
    refused: [],
    skipped: [...tree.skipped, ...skipped].sort((a, b) => compareCodePoints(a.path, b.path)),
    notes: layout === 'class' ? splitsTakenForClasses(classFolders) : [],
  };
}

/** The top folders that are no splits, and all folders that lie in splits. */
function withoutSplit(folders: readonly string[]): [readonly string[], readonly string[]] {
  const isInSplit = (folder: string) => splitNamed(folder.split('/')[0] as string) !== undefined;
  return [
    folders.filter((folder) => !folder.includes('/') && !isInSplit(folder)),
    folders.filter((folder) => isInSplit(folder)),
  ];
}

function sourceOf(id: string, layout: FolderLayout): Source {
  const [first, second] = id.split('/') as [string, string];
  if (layout === 'class') return { id, className: first.normalize('NFC') };
  const split = splitNamed(first);
  return { id, className: second.normalize('NFC'), ...(split !== undefined && { split }) };
}

/** Whether every folder is named after a split, at least two of them. */
export function looksLikeSplits(classFolders: readonly string[]): boolean {
  return classFolders.length > 1 && classFolders.every((name) => splitNamed(name) !== undefined);
}

function splitsTakenForClasses(classFolders: readonly string[]): string[] {
  if (!looksLikeSplits(classFolders)) return [];
  return [
    `the folders of pictures are named ${classFolders.join(', ')}, and each is taken for a class; if they are ` +
      'splits with the classes in them, set "layout": "split/class" in dataset.json',
  ];
}
