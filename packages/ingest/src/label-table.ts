import { readCsv } from '@atelier/artifacts';
import type { ListingRules } from './list-sources.js';

/** One row of the table of labels, as it stands there. */
export interface LabelRow {
  /** The line of the file on which it ends, from 1. */
  readonly line: number;
  readonly path: string;
  readonly label: string;
  /** Empty where the table has no column of splits. */
  readonly split: string;
}

/** A table of labels. */
export interface LabelTable {
  /** As dataset.json names it. */
  readonly name: string;
  readonly rows: readonly LabelRow[];
}

/** What separates columns, the likeliest first. */
const SEPARATORS = [',', ';', '\t', '|'];

/**
 * Reads the table that names the class of each picture. Rows whose cells are all empty, as spreadsheets leave them
 * behind, are none.
 * @param path absolute
 * @throws AtelierError as `readCsv`
 */
export async function readLabelTable(
  path: string,
  columns: ListingRules['labels'] & { readonly name: string },
): Promise<LabelTable> {
  const { name, split, separator } = columns;
  const { rows, lines } = await readCsv(path, {
    required: [columns.path, columns.label, ...(split === null ? [] : [split])],
    separators: separator === null ? SEPARATORS : [separator],
  });
  const found = rows.flatMap((row, i): LabelRow[] => {
    if (Object.values(row).every((cell) => cell.trim() === '')) return [];
    const cell = (column: string) => row[column] as string;
    return [
      {
        line: lines[i] as number,
        path: cell(columns.path),
        label: cell(columns.label),
        split: split === null ? '' : cell(split),
      },
    ];
  });
  return { name, rows: found };
}
