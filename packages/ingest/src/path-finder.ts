import { groupBy } from '@atelier/core';
import type { Tree } from './list-tree.js';

/** The file that a path of a table means, or why there is none. */
export type FoundPath = { readonly id: string } | NoFile;

/** Why a path of a table names no file of the dataset. */
export interface NoFile {
  /** The path as it was understood: two spellings of a missing file are one. */
  readonly id: string;
  /** The file as quarantine names it. */
  readonly path: string;
  readonly problem: string;
  readonly remedy: string;
}

/**
 * Makes the function that finds the file which a table means by a path. A file of exactly that name comes first, then
 * one that differs in its Unicode normal form alone, then both again with the separators of Windows. It looks at
 * the listing and never at the disk: a path that leads elsewhere finds nothing.
 */
export function pathFinder(tree: Tree): (text: string) => FoundPath {
  const files = new Set(tree.files);
  const byForm = groupBy(tree.files, (id) => id.normalize('NFC'));
  const leftOut = new Map(tree.skipped.map(({ path, reason }) => [path, reason]));
  const lookAlikes = new Map<string, string>();
  for (const id of tree.files) {
    for (const key of looseKeys(id)) if (!lookAlikes.has(key)) lookAlikes.set(key, id);
  }
  return (text) => {
    const plain = plainPath(text);
    for (const candidate of [text, plain]) {
      if (files.has(candidate)) return { id: candidate };
      const same = byForm.get(candidate.normalize('NFC')) ?? [];
      if (same.length === 1) return { id: same[0] as string };
      if (same.length > 1) return ambiguous(candidate);
    }
    const escape = escapeOf(text);
    if (escape !== undefined) {
      return {
        id: text,
        path: text,
        problem: escape,
        remedy: 'Write its path below the folder of pictures.',
      };
    }
    return { id: plain, path: `images/${plain}`, ...missing(plain, { leftOut, lookAlikes }) };
  };
}

/** With "/" as separator and without the parts that lead nowhere. */
const plainPath = (text: string) =>
  text
    .replaceAll('\\', '/')
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');

/** Why a path is no name of a file below the folder of pictures, on any system; undefined where it may be one. */
export function escapeOf(text: string): string | undefined {
  const slashed = text.replaceAll('\\', '/');
  if (text.includes('\0')) return 'it holds a NUL character';
  if (slashed.startsWith('/')) return 'it is an absolute path';
  if (plainPath(text) === '') return 'it names a folder';
  if (/^[a-z]:/i.test(text)) return 'it names a drive';
  return slashed.split('/').includes('..') ? 'it leads out of a folder with ".."' : undefined;
}

const ambiguous = (id: string): NoFile => ({
  id,
  path: `images/${id}`,
  problem: 'two files have that name in different Unicode normal forms',
  remedy: 'Rename one of the files.',
});

function missing(
  id: string,
  tree: { leftOut: ReadonlyMap<string, string>; lookAlikes: ReadonlyMap<string, string> },
): { problem: string; remedy: string } {
  const parts = id.split('/');
  for (let end = 1; end <= parts.length; end++) {
    const part = parts.slice(0, end).join('/');
    const reason = tree.leftOut.get(part);
    if (reason === undefined) continue;
    const what = end === parts.length ? 'it' : `its folder ${part}`;
    return { problem: `${what} is left out: ${reason}`, remedy: 'Mend that, or remove the row.' };
  }
  const near = looseKeys(id)
    .concat(looseKeys(parts.slice(1).join('/')))
    .map((key) => tree.lookAlikes.get(key))
    .find((found) => found !== undefined);
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  return { problem: `there is no such file${hint}`, remedy: 'Put the picture there, or correct the row.' };
}

/** What a misspelt path has in common with the right one: all but case, the extension, the folders. */
function looseKeys(path: string): string[] {
  const lower = path.normalize('NFC').toLowerCase();
  const name = lower.slice(lower.lastIndexOf('/') + 1);
  const bare = (text: string) => text.replace(/(?<=[^/])\.[^./]*$/u, '');
  return [...new Set([lower, bare(lower), name, bare(name)])].filter((key) => key !== '');
}
