import type { ManifestItem } from '@atelier/artifacts';
import { compareClassTables, groupBy, printable, type ClassTable } from '@atelier/core';
import { countByClass } from './label-files.js';
import type { LabelRow } from './labels.js';

/** What {@link classWarnings} looks at. */
export interface ClassesFound {
  readonly classes: ClassTable;
  /** The class table of the run before. */
  readonly before: readonly string[] | undefined;
  /** The classes as folders or the table of labels write them, in whatever Unicode normal form. */
  readonly names: readonly string[];
  readonly rows: readonly LabelRow[];
  /** The items of ingest. */
  readonly sources: readonly ManifestItem[];
}

/** What a person should know of the classes: empty ones, names that are one class, changed indices. */
export function classWarnings(found: ClassesFound): string[] {
  return [
    ...emptyClasses(found),
    ...twinNames(found.names),
    ...caseTwins(found.classes),
    ...renumbered(found),
  ];
}

function emptyClasses({ classes, rows, sources }: ClassesFound): string[] {
  const counts = countByClass(rows, classes.length);
  const present = new Set(sources.map((source) => source.params?.['className']));
  return classes.flatMap((name, index) => {
    if (counts[index] !== 0) return [];
    const why = present.has(name) ? 'none of its pictures can be used' : 'it has no pictures';
    return [`the class "${printable(name)}" is empty (${why}); it keeps its index ${index}`];
  });
}

/** Names that differ only in their Unicode normal form are one class. */
function twinNames(names: readonly string[]): string[] {
  const groups = groupBy(names, (name) => name.normalize('NFC'));
  return [...groups].flatMap(([name, twins]) =>
    twins.length < 2
      ? []
      : [
          `"${printable(name)}" is written in ${twins.length} different Unicode normal forms; they are one class`,
        ],
  );
}

function caseTwins(classes: ClassTable): string[] {
  const groups = groupBy(classes, (name) => name.toLowerCase());
  return [...groups.values()].flatMap((twins) =>
    twins.length < 2
      ? []
      : [`the classes ${twins.map((t) => `"${printable(t)}"`).join(' and ')} differ only in case`],
  );
}

/** A model trained before knows the old indices: a change is said aloud, never made silently. */
function renumbered({ before, classes }: ClassesFound): string[] {
  if (before === undefined) return [];
  const change = compareClassTables(before, classes);
  if (change.renumbered.length === 0) return [];
  const named = (list: readonly { name: string }[]) =>
    list.map(({ name }) => `"${printable(name)}"`).join(', ');
  const causes = [
    ...(change.added.length > 0 ? [`added ${named(change.added)}`] : []),
    ...(change.removed.length > 0 ? [`removed ${named(change.removed)}`] : []),
  ];
  const { name, from, to } = change.renumbered[0] as { name: string; from: number; to: number };
  const cause = causes.length > 0 ? causes.join(', ') : 'reordered by "classes"';
  return [
    `class indices have changed (${cause}): ${change.renumbered.length} classes are renumbered, ` +
      `"${printable(name)}" from ${from} to ${to}; models trained before keep their own class table. ` +
      `To fix the order, list the names under "classes" in dataset.json`,
  ];
}
