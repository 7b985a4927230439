/**
 * A table for people, without colours: as wide as its cells.
 * @param rows cells; a cell may hold several lines
 */
export async function plainTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const table = new Table({ head: [...header], style: { head: [], border: [], compact: true } });
  for (const row of rows) table.push([...row]);
  return table.toString();
}
