import { join } from 'node:path';
import { compareCodePoints, groupBy } from '@atelier/core';
import pMap from 'p-map';
import type { Listing, ListingRules, RefusedRow, Source } from '../list-sources.js';
import type { Tree } from '../list-tree.js';
import { escapeOf } from '../path-finder.js';
import { splitNamed } from '../split-names.js';
import { namesInFolder, NAMING_FILES } from './class-names.js';
import type { ContainerColumns, ContainerIndex, FoundEntry } from './contained.js';
import { parquetIndex } from './parquet-index.js';
import { tarIndex } from './tar-index.js';

/** The layouts whose pictures lie in files that hold many, and the extension of these. */
export const CONTAINERS = { parquet: '.parquet', webdataset: '.tar' } as const;

/** A layout of containers. */
export type ContainerLayout = keyof typeof CONTAINERS;

/** Containers that are looked into at once. */
const READERS = 2;

/** The containers below a folder of pictures. */
export const containersIn = (tree: Tree, layout: ContainerLayout) =>
  tree.files.filter((path) => path.toLowerCase().endsWith(CONTAINERS[layout]));

/**
 * The pictures that Parquet files or tar shards hold: `<container>/<name>` each. A split stands in a column, or in the
 * name or the folders of the container ("train-00000-of-00004", "data/test/…"), or nowhere.
 * @param folder of pictures, absolute
 * @throws AtelierError INPUT_INVALID for a container that cannot be read
 */
export async function sourcesInContainers(
  folder: string,
  tree: Tree,
  rules: ListingRules & { readonly layout: ContainerLayout },
): Promise<Listing> {
  const { layout, labels } = rules;
  const columns: ContainerColumns = { ...labels, image: labels.image ?? 'image' };
  const containers = containersIn(tree, layout);
  const index = layout === 'parquet' ? parquetIndex : tarIndex;
  const found = await pMap(
    containers,
    async (container) => ({ container, ...(await index(join(folder, container), container, columns)) }),
    { concurrency: READERS },
  );
  const given =
    rules.classes ?? (await namesInFolder(folder, layout === 'webdataset' ? 'cls' : labels.label));
  const sources: Source[] = [];
  const refused: RefusedRow[] = [];
  for (const one of found) takeAll(one, given ?? one.classNames, { sources, refused });
  const named = new Set(containers);
  const skipped = tree.files
    .filter((path) => !named.has(path))
    .map((path) => ({
      path,
      reason: [...NAMING_FILES, 'croissant.json'].includes(path)
        ? 'the table of labels'
        : `not a container by its extension: the layout is "${layout}"`,
    }));
  const byId = <T extends { id: string }>(a: T, b: T) => compareCodePoints(a.id, b.id);
  return {
    classNames: [...new Set(sources.map(({ className }) => className))].sort(compareCodePoints),
    classFolders: [],
    sources: sources.sort(byId),
    refused: refused.sort(byId),
    skipped: [...tree.skipped, ...skipped].sort((a, b) => compareCodePoints(a.path, b.path)),
    notes: numbersAsNames(sources, found, given),
  };
}

/** Sorts what a container holds into what can be used and what not. */
function takeAll(
  { container, entries, refused: unfit }: ContainerIndex & { container: string },
  names: readonly string[] | undefined,
  into: { sources: Source[]; refused: RefusedRow[] },
): void {
  const refuse = (name: string, { problem, remedy }: { problem: string; remedy: string }) => {
    const id = refusedId(container, name, into.refused);
    into.refused.push({ id, path: `images/${container}/${name}`, reason: problem, remedy });
  };
  for (const { name, ...why } of unfit) refuse(name, why);
  for (const same of groupBy(entries, ({ name }) => plainName(name)).values()) {
    const [entry] = same as [FoundEntry];
    const escape = escapeOf(entry.name);
    const problem =
      escape !== undefined
        ? { problem: escape, remedy: 'Name it by a path below its container.' }
        : same.length > 1
          ? { problem: `${same.length} pictures have that name`, remedy: 'Give each a name of its own.' }
          : undefined;
    const source = problem ?? sourceOf(container, entry, names);
    if ('problem' in source) refuse(entry.name, source);
    else into.sources.push(source);
  }
}

/** No source has an id that begins with "/", and no two refusals have the same. */
function refusedId(container: string, name: string, refused: readonly RefusedRow[]): string {
  const id = `/${container}/${name}`;
  const before = refused.filter((row) => row.id === id || row.id.startsWith(`${id}#`)).length;
  return before === 0 ? id : `${id}#${before}`;
}

const plainName = (name: string) =>
  name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');

function sourceOf(
  container: string,
  { name, at, label, split }: FoundEntry,
  names: readonly string[] | undefined,
): Source | { problem: string; remedy: string } {
  if (label === undefined || label === '') {
    return { problem: 'nothing gives it a label', remedy: 'Name the column of labels as labels.label.' };
  }
  const className = typeof label === 'number' ? (names === undefined ? String(label) : names[label]) : label;
  if (className === undefined || className.trim() === '') {
    const problem = `its label is ${label}, and there are ${names?.length} names of classes`;
    return { problem, remedy: 'Correct the label, or the names.' };
  }
  const given = split === undefined || split.trim() === '' ? undefined : splitNamed(split.trim());
  if (given === undefined && split !== undefined && split.trim() !== '') {
    return {
      problem: `its split is "${split}"`,
      remedy: 'A split is train, validation (or val, valid, dev) or test.',
    };
  }
  const inName = given ?? splitInPath(container);
  return {
    id: `${container}/${plainName(name)}`,
    className: className.normalize('NFC'),
    ...(inName !== undefined && { split: inName }),
    contained: at,
  };
}

/** The split that the file's name tells, else the nearest folder: words apart by anything that is no letter. */
export function splitInPath(path: string) {
  for (const part of path.split('/').reverse()) {
    for (const word of part.split(/[^\p{L}]+/u)) {
      const split = splitNamed(word);
      if (split !== undefined) return split;
    }
  }
  return undefined;
}

function numbersAsNames(
  sources: readonly Source[],
  found: readonly ContainerIndex[],
  given: readonly string[] | undefined,
): string[] {
  const numbered = found.some(
    ({ entries, classNames }) =>
      classNames === undefined && entries.some(({ label }) => typeof label === 'number'),
  );
  if (given !== undefined || !numbered || sources.length === 0) return [];
  return [
    'the labels are numbers, and nothing names the classes: the numbers are taken for the names. Put a ' +
      'classes.json with a list of names beside the containers, or set "classes" in dataset.json',
  ];
}
