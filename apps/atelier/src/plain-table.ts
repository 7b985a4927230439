/** A column is never made narrower than this. */
const MIN_WIDTH = 20;

/**
 * A table for people, without colours: as wide as its cells.
 * @param rows cells; a cell may hold several lines
 * @param columns where it is given and the table is wider, the last two columns are wrapped to fit in so many characters
 */
export async function plainTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  columns?: number,
): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const build = (cells: readonly (readonly string[])[]) => {
    const table = new Table({ head: [...header], style: { head: [], border: [], compact: true } });
    for (const row of cells) table.push([...row]);
    return table.toString();
  };
  const natural = build(rows);
  const [first] = natural.split('\n') as [string];
  if (columns === undefined || first.length <= columns) return natural;
  const widths = first.slice(1, -1).split('┬'); // a border of each column, with a blank on either side
  const rest = widths.slice(0, -2).reduce((sum, border) => sum + border.length + 1, 0) + '││ │'.length;
  const width = Math.max(MIN_WIDTH, Math.floor((columns - rest - '    '.length) / 2));
  return build(rows.map((row) => row.map((cell, i) => (i < row.length - 2 ? cell : wrapped(cell, width)))));
}

/** A text in lines of at most so many characters, cut between words where that can be. */
function wrapped(text: string, width: number): string {
  const fitting = new RegExp(`.{1,${width}}(?=\\s|$)|.{1,${width}}`, 'gu');
  const lines = text.split('\n').flatMap((line) => line.match(fitting) ?? ['']);
  return lines.map((line) => line.trim()).join('\n');
}
