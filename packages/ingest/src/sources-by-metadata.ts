import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { readCsv } from '@atelier/artifacts';
import { containerError } from './containers/container-error.js';
import { namesInFolder, NAMING_FILES } from './containers/class-names.js';
import { decodeText } from './containers/decode-text.js';
import { openParquet } from './containers/parquet-file.js';
import { huggingFaceNames } from './containers/parquet-index.js';
import { splitInPath } from './containers/sources-in-containers.js';
import type { LabelRow } from './label-table.js';
import type { Listing, ListingRules } from './list-sources.js';
import type { Tree } from './list-tree.js';
import { looksLikeSplits, sourcesByFolder } from './sources-by-folder.js';
import { sourcesByTable } from './sources-by-table.js';

/** The tables by which Hugging Face's image folders say what is known of each picture. */
const METADATA = /(?:^|\/)metadata\.(?:csv|jsonl|parquet)$/u;

/** A row of a metadata table: its cells by column. */
type Cells = Readonly<Record<string, string | number | undefined>>;

/** The metadata tables of an image folder. */
export const metadataFiles = (tree: Tree) => tree.files.filter((path) => METADATA.test(path));

/**
 * The pictures of a Hugging Face image folder: as its metadata tables name them (`file_name` relative to the table, the
 * class in the column `labels.label`), or where there are none by the folders `<class>/…` or `<split>/<class>/…`.
 * @param folder of pictures, absolute
 * @throws AtelierError INPUT_INVALID for a table that cannot be read
 */
export async function sourcesByMetadata(folder: string, tree: Tree, rules: ListingRules): Promise<Listing> {
  const tables = metadataFiles(tree);
  const listing = tables.length === 0 ? byFolders(tree) : await byTables(folder, tree, { tables, rules });
  const own: readonly string[] = [...tables, ...NAMING_FILES, 'croissant.json'];
  const skipped = listing.skipped.map((entry) =>
    own.includes(entry.path) ? { ...entry, reason: 'the table of labels' } : entry,
  );
  return { ...listing, skipped };
}

function byFolders(tree: Tree): Listing {
  const listing = sourcesByFolder(tree, 'class');
  return looksLikeSplits(listing.classFolders) ? sourcesByFolder(tree, 'split/class') : listing;
}

async function byTables(
  folder: string,
  tree: Tree,
  { tables, rules: { labels, classes } }: { tables: readonly string[]; rules: ListingRules },
): Promise<Listing> {
  const given = classes ?? (await namesInFolder(folder, labels.label));
  const rows: LabelRow[] = [];
  for (const table of tables) {
    const path = join(folder, table);
    const { cells, names } = await readCells(path, labels.label);
    const split = splitInPath(table);
    for (const [i, row] of cells.entries()) {
      const file = row['file_name'];
      if (file === undefined) throw containerError(path, `row ${i + 1} has no "file_name"`);
      const value = row[labels.label];
      const label = typeof value === 'number' ? ((given ?? names)?.[value] ?? String(value)) : (value ?? '');
      const own = labels.split === null ? undefined : row[labels.split];
      const below = relative('.', join(dirname(table), String(file)));
      // a name that leads out of the table's folder stays as it is: it finds no file
      const inside = !String(file).startsWith('/') && !below.startsWith('..');
      rows.push({
        line: i + 1,
        path: inside ? below : String(file),
        label,
        split: String(own ?? split ?? ''),
      });
    }
  }
  const [first] = tables as [string];
  const name = tables.length === 1 ? first : 'the metadata tables';
  return sourcesByTable(tree, { name, rows, sourceId: first });
}

/** The rows of one table, and the names of the classes where it says them. */
async function readCells(
  path: string,
  label: string,
): Promise<{ cells: Cells[]; names?: string[] | undefined }> {
  if (path.endsWith('.csv'))
    return { cells: [...(await readCsv(path, { required: ['file_name', label] })).rows] };
  if (path.endsWith('.jsonl')) return { cells: await readJsonLines(path) };
  const file = await openParquet(path);
  try {
    const cells: Record<string, string | number | undefined>[] = [];
    for (const { rows } of file.groups) {
      const group = Array.from({ length: rows[1] - rows[0] }, (): (typeof cells)[number] => ({}));
      for (const column of rows[0] === rows[1] ? [] : file.columns) {
        const values = await file.read(column, rows);
        values.forEach((value, i) => Object.assign(group[i] ?? {}, { [column]: decodeText(value) }));
      }
      cells.push(...group);
    }
    return { cells, names: huggingFaceNames(file, label) };
  } finally {
    await file.close();
  }
}

async function readJsonLines(path: string): Promise<Cells[]> {
  const lines = (await readFile(path, 'utf8')).replace(/^\uFEFF/u, '').split('\n');
  return lines.flatMap((line, i) => {
    if (line.trim() === '') return [];
    try {
      const value = JSON.parse(line) as unknown;
      if (typeof value === 'object' && value !== null) return [value as Cells];
    } catch {
      // told below, like any other line that is no object
    }
    throw containerError(path, `line ${i + 1} is no JSON object`);
  });
}
