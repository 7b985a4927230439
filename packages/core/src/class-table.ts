import { AtelierError } from './errors.js';
import { compareCodePoints } from './order.js';

/** The classes in their order: the index of a name is the index of its output unit in every model. */
export type ClassTable = readonly string[];

/**
 * The class table of a dataset: NFC names by Unicode code point (Python's `sorted`), or the fixed list where
 * dataset.json gives one. Empty classes keep their place.
 * @param names the classes found, in any order, in any normal form
 * @param fixed `classes` of dataset.json
 * @throws AtelierError CONFIG_INVALID where a class is not in the fixed list, or the list repeats a name
 */
export function classTable(names: Iterable<string>, fixed: readonly string[] | null = null): ClassTable {
  const found = [...new Set([...names].map((name) => name.normalize('NFC')))].sort(compareCodePoints);
  if (fixed === null) return found;
  const table = fixed.map((name) => name.normalize('NFC'));
  const repeated = table.find((name, i) => table.indexOf(name) !== i);
  const missing = found.filter((name) => !table.includes(name));
  if (repeated === undefined && missing.length === 0) return table;
  throw new AtelierError({
    code: 'CONFIG_INVALID',
    action: 'use "classes" of dataset.json',
    problem:
      repeated !== undefined
        ? `it names "${repeated}" twice`
        : `it does not name the class${missing.length > 1 ? 'es' : ''} ${missing.map((n) => `"${n}"`).join(', ')}`,
    hint: 'List every class once, or remove "classes" to take those that are found, in their order.',
  });
}

/** What became of a class table since an earlier run. */
export interface ClassTableChange {
  /** Names that are new, with their index now. */
  readonly added: readonly { name: string; index: number }[];
  /** Names that are gone, with the index they had. */
  readonly removed: readonly { name: string; index: number }[];
  /** Names that stayed but have another index: a model trained before knows them by the old one. */
  readonly renumbered: readonly { name: string; from: number; to: number }[];
}

/** Compares two class tables. */
export function compareClassTables(before: ClassTable, now: ClassTable): ClassTableChange {
  const indexBefore = new Map(before.map((name, i) => [name, i]));
  const indexNow = new Map(now.map((name, i) => [name, i]));
  return {
    added: now.flatMap((name, index) => (indexBefore.has(name) ? [] : [{ name, index }])),
    removed: before.flatMap((name, index) => (indexNow.has(name) ? [] : [{ name, index }])),
    renumbered: before.flatMap((name, from) => {
      const to = indexNow.get(name);
      return to === undefined || to === from ? [] : [{ name, from, to }];
    }),
  };
}
