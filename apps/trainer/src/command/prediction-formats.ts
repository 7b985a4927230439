import path from 'node:path';
import { printable } from '@atelier/core';
import type { Classification } from '@atelier/model';

/** The name of a format of predictions. */
export type FormatName = 'table' | 'csv' | 'json';

/** How predictions are printed; each gives the whole text, with its last line end. */
export const FORMATS: Readonly<
  Record<FormatName, (rows: readonly Classification[], top: number) => Promise<string>>
> = {
  async table(rows, top) {
    const { default: Table } = await import('cli-table3');
    const table = new Table({
      head: ['picture', 'class', 'probability'],
      colAligns: ['left', 'left', 'right'],
      style: { head: [], border: [], compact: true },
    });
    for (const row of rows) table.push(...tableRows(row, top));
    return `${table.toString()}\n`;
  },
  /** A row per class and picture: path, rank, class, probability, error (RFC 4180). */
  async csv(rows, top) {
    const lines = rows.flatMap((row) =>
      'error' in row
        ? [[row.path, '', '', '', row.error.message]]
        : row.classes
            .slice(0, top)
            .map(({ className, probability }, i) => [
              row.path,
              String(i + 1),
              className,
              String(probability),
              '',
            ]),
    );
    return [['path', 'rank', 'class', 'probability', 'error'], ...lines]
      .map((line) => `${line.map(csvField).join(',')}\r\n`)
      .join('');
  },
  async json(rows, top) {
    const answers = rows.map((row) =>
      'error' in row
        ? { path: row.path, error: row.error.toJSON() }
        : { path: row.path, classes: row.classes.slice(0, top) },
    );
    return `${JSON.stringify(answers, null, 2)}\n`;
  },
};

function tableRows(row: Classification, top: number): string[][] {
  const name = printable(path.basename(row.path));
  if ('error' in row) return [[name, `not classified: ${row.error.problem}`, '']];
  return row.classes
    .slice(0, top)
    .map(({ className, probability }, i) => [
      i === 0 ? name : '',
      printable(className),
      `${(probability * 100).toFixed(2)} %`,
    ]);
}

const csvField = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
