import { printable } from '@atelier/core';
import type { Source } from './list-sources.js';

/**
 * A cell that a spreadsheet runs instead of showing: it begins as a formula and calls something, by brackets, by "|"
 * (another program) or by "!" (another table). A mere "-rf" or "=" is shown as an error at worst.
 */
const FORMULA = /^[=+\-@\t\r].*[(|!]/su;

/**
 * Names which a spreadsheet would run when somebody opens a table of this dataset in it. The tables hold them as they
 * are, because other programs find the files by them; a person is told.
 */
export function formulaNames(sources: readonly Pick<Source, 'id' | 'className'>[]): string[] {
  const cells = sources.flatMap(({ id, className }) => [id, className]).filter((cell) => FORMULA.test(cell));
  const [first] = cells;
  if (first === undefined) return [];
  const more = new Set(cells).size - 1;
  return [
    `the name "${printable(first)}"${more > 0 ? ` and ${more} more` : ''} would be run as a formula by a ` +
      'spreadsheet that opens labels.csv; rename the file or class, or import the columns as text',
  ];
}
