import { readCsv } from '@atelier/artifacts';
import { AtelierError } from '@atelier/core';

/** The columns of a table of labels, as dataset.json names them. */
export interface TableColumns {
  readonly path: string;
  readonly label: string;
  readonly split: string | null;
}

/** What people call these columns, the likeliest first, in lower case. */
const NAMES = {
  path: [
    'path',
    'file',
    'filename',
    'file_name',
    'filepath',
    'file_path',
    'image',
    'image_path',
    'image_name',
  ],
  label: ['label', 'class', 'class_name', 'classname', 'category', 'target'],
  split: ['split', 'subset', 'partition'],
} as const;

/**
 * Finds the columns of a table of labels by its header: those that are named, else those that people usually call so.
 * A column of splits counts only where it is named.
 * @param path absolute
 * @throws AtelierError USAGE where a column cannot be told, with all there are; as `readCsv` for an unreadable table
 */
export async function tableColumns(
  path: string,
  named: { readonly [column in keyof TableColumns]?: string | undefined },
): Promise<TableColumns & { readonly hints: readonly string[] }> {
  const { columns } = await readCsv(path, { separators: [',', ';', '\t', '|'] });
  const guess = (column: keyof typeof NAMES) =>
    NAMES[column].map((name) => columns.find((each) => each.toLowerCase() === name)).find(Boolean);
  const required = (column: 'path' | 'label'): string => {
    const name = named[column] ?? guess(column);
    if (name !== undefined && columns.includes(name)) return name;
    throw unknownColumn(path, { column, name, columns });
  };
  const { split } = named;
  if (split !== undefined && !columns.includes(split)) {
    throw unknownColumn(path, { column: 'split', name: split, columns });
  }
  const unused = split === undefined ? guess('split') : undefined;
  return {
    path: required('path'),
    label: required('label'),
    split: split ?? null,
    hints:
      unused === undefined
        ? []
        : [`the table has a column "${unused}": --split-column ${unused} keeps its splits`],
  };
}

function unknownColumn(
  path: string,
  { column, name, columns }: { column: string; name: string | undefined; columns: readonly string[] },
): AtelierError {
  const all = columns.map((each) => `"${each}"`).join(', ');
  return new AtelierError({
    code: 'USAGE',
    action: 'use the table of labels',
    path,
    problem:
      name === undefined
        ? `none of its columns is known for ${column === 'path' ? 'paths' : 'labels'}: ${all || 'there are none'}`
        : `it has no column "${name}"; there are ${all || 'none'}`,
    hint: `Name it with --${column}-column.`,
  });
}
