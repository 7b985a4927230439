import { compareCodePoints, groupBy, type Split } from '@atelier/core';
import type { LabelRow, LabelTable } from './label-table.js';
import type { Listing, RefusedRow, Source } from './list-sources.js';
import { notAPicture, type Tree } from './list-tree.js';
import { pathFinder, type FoundPath } from './path-finder.js';
import { splitNamed } from './split-names.js';

/** A row and the file that it means. */
type FoundRow = LabelRow & { readonly found: FoundPath };

/** How many repeated rows are named one by one. */
const NAMED = 3;

/**
 * The pictures that a table of labels names, wherever they lie below the folder of pictures; files that no row names
 * are left out. A row that cannot be obeyed is refused by itself.
 * @param table.sourceId where the table lies, relative to the folder of pictures
 */
export function sourcesByTable(tree: Tree, table: LabelTable & { readonly sourceId: string }): Listing {
  const find = pathFinder(tree);
  const rows = table.rows.map((row): FoundRow => ({ ...row, found: find(row.path) }));
  const sources: Source[] = [];
  const refused: RefusedRow[] = [];
  const repeated: string[] = [];
  for (const same of groupBy(rows, (row) => idOf(row, table)).values()) {
    const decided = decide(same, table);
    if ('reason' in decided) refused.push(decided);
    else sources.push(decided);
    if (!('reason' in decided) && same.length > 1) repeated.push(`images/${decided.id} (${linesOf(same)})`);
  }
  const named = new Set([...sources, ...refused].map(({ id }) => id));
  const extra = tree.files.filter((id) => !named.has(id));
  const skipped = extra.map((path) => ({
    path,
    reason:
      path === table.sourceId
        ? 'the table of labels'
        : (notAPicture(path) ?? `no row of ${table.name} names it`),
  }));
  const labels = rows.map(({ label }) => label).filter((label) => label.trim() !== '');
  return {
    classNames: [...new Set(labels)].sort(compareCodePoints),
    classFolders: [],
    sources: sources.sort((a, b) => compareCodePoints(a.id, b.id)),
    refused: refused.sort((a, b) => compareCodePoints(a.id, b.id)),
    skipped: [...tree.skipped, ...skipped].sort((a, b) => compareCodePoints(a.path, b.path)),
    notes: repeatedRows(repeated, table),
  };
}

/** What rows are told apart by. No file below the folder of pictures has a name that begins with "/". */
const idOf = ({ path, line, found }: FoundRow, { name }: LabelTable) =>
  path.trim() === '' ? `/line ${line} of ${name}` : found.id;

/** What the rows of one file, in the order of the table, come to. */
function decide(rows: readonly FoundRow[], table: LabelTable): Source | RefusedRow {
  const [{ found, path }] = rows as [FoundRow];
  const id = idOf(rows[0] as FoundRow, table);
  const where = `${linesOf(rows)} of ${table.name}`;
  if (path.trim() === '') {
    const remedy = 'Fill in its path, or remove the row.';
    return { id, path: table.name, reason: `line ${rows[0]?.line} names no picture`, remedy };
  }
  if ('problem' in found) {
    const names = rows.length === 1 ? 'names' : 'name';
    const reason = `${where} ${names} it, but ${found.problem}`;
    return { id, path: found.path, reason, remedy: found.remedy };
  }
  const refuse = (problem: string, remedy: string) => ({
    id,
    path: `images/${id}`,
    reason: `${where} ${problem}`,
    remedy,
  });
  if (rows.some(({ label }) => label.trim() === '')) {
    return refuse(`${give(rows)} it no label`, 'Fill in the label, or remove the row.');
  }
  const labels = [...new Set(rows.map(({ label }) => label.normalize('NFC')))];
  if (labels.length > 1)
    return refuse(`${give(rows)} it the labels ${quoted(labels)}`, 'Keep the row that is right.');
  return withSplit(rows, { id, className: labels[0] as string }, refuse);
}

/** The source with the split that its rows give. */
function withSplit(
  rows: readonly FoundRow[],
  source: Source,
  refuse: (problem: string, remedy: string) => RefusedRow,
): Source | RefusedRow {
  const given = [...new Set(rows.map(({ split }) => split.trim()))].filter((split) => split !== '');
  if (given.length === 0) return source;
  const splits = new Set(given.map(splitNamed));
  const [split] = splits as Set<Split | undefined>;
  if (splits.size > 1)
    return refuse(`${give(rows)} it the splits ${quoted(given)}`, 'Keep the row that is right.');
  if (split !== undefined) return { ...source, split };
  return refuse(
    `${give(rows)} it the split ${quoted(given)}`,
    'A split is train, validation (or val, valid, dev) or test; leave it empty to let Atelier decide.',
  );
}

const give = (rows: readonly unknown[]) => (rows.length === 1 ? 'gives' : 'give');

const quoted = (texts: readonly string[]) => texts.map((text) => `"${text}"`).join(' and ');

/** "line 3", "lines 3 and 9", "lines 3, 9 and 12"; of many the first three. */
function linesOf(rows: readonly LabelRow[]): string {
  const lines = rows.map(({ line }) => String(line));
  if (lines.length === 1) return `line ${lines[0]}`;
  const shown = lines.length > 4 ? [...lines.slice(0, 3), `${lines.length - 3} more`] : lines;
  return `lines ${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

/** Rows that say the same twice do no harm, but somebody should know. */
function repeatedRows(repeated: readonly string[], { name }: LabelTable): string[] {
  const all = [...repeated].sort(compareCodePoints);
  if (all.length === 0) return [];
  const more = all.length > NAMED ? ` and ${all.length - NAMED} more` : '';
  return [`${name} names a picture more than once, with one label: ${all.slice(0, NAMED).join(', ')}${more}`];
}
