import { decodeText } from './decode-text.js';
import { containerError } from './container-error.js';
import type { ContainerColumns, ContainerIndex, FoundEntry } from './contained.js';
import { openParquet, type ParquetFile } from './parquet-file.js';

/**
 * What a Parquet file of pictures holds, as Hugging Face writes them: a column of pictures ({bytes, path} or bytes),
 * of labels (a text, or an index of the names that the schema has under "huggingface"), and perhaps of names and splits.
 * The pictures themselves are not read.
 * @throws AtelierError INPUT_INVALID
 */
export async function parquetIndex(
  path: string,
  container: string,
  columns: ContainerColumns,
): Promise<ContainerIndex> {
  const file = await openParquet(path);
  try {
    const wanted = [columns.image, columns.label, ...(columns.split === null ? [] : [columns.split])];
    const missing = wanted.find((column) => !file.columns.includes(column));
    if (missing !== undefined) {
      throw containerError(
        path,
        `it has no column "${missing}" but ${file.columns.join(', ')}; dataset.json names columns under "labels"`,
      );
    }
    const entries: FoundEntry[] = [];
    for (const { rows } of file.groups)
      entries.push(...(await groupEntries(file, rows, { container, columns })));
    return { entries, refused: [], classNames: huggingFaceNames(file, columns.label) };
  } finally {
    await file.close();
  }
}

async function groupEntries(
  file: ParquetFile,
  rows: readonly [number, number],
  { container, columns }: { container: string; columns: ContainerColumns },
): Promise<FoundEntry[]> {
  if (rows[0] === rows[1]) return [];
  const texts = async (column: string | null) =>
    column === null || !file.columns.includes(column) ? [] : await file.read(column, rows);
  const names = await texts(columns.path);
  const labels = await texts(columns.label);
  const splits = await texts(columns.split);
  return labels.map((label, i): FoundEntry => {
    const row = rows[0] + i;
    const name = decodeText(names[i]);
    const split = decodeText(splits[i]);
    return {
      name: name === undefined || name === '' ? String(row).padStart(8, '0') : String(name),
      at: { kind: 'parquet', container, row, rows, column: columns.image },
      label: decodeText(label),
      split: split === undefined ? undefined : String(split),
    };
  });
}

/** The names of the classes, as `datasets` keeps them in a schema. */
export function huggingFaceNames(
  { metadata }: Pick<ParquetFile, 'metadata'>,
  label: string,
): string[] | undefined {
  const text = metadata.key_value_metadata?.find(({ key }) => key === 'huggingface')?.value;
  if (text === undefined) return undefined;
  try {
    const { info } = JSON.parse(text) as { info?: { features?: Record<string, { names?: unknown }> } };
    const names = info?.features?.[label]?.names;
    return Array.isArray(names) ? names.map(String) : undefined;
  } catch {
    return undefined; // whatever it is, it names no classes
  }
}
