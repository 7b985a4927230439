import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RecordBatchStreamWriter, tableFromArrays, tableFromIPC, tableToIPC } from 'apache-arrow';
import fc from 'fast-check';
import { runPython } from '@atelier/readers';
import { readArrowTable, writeArrowTable, type TableColumn } from './arrow-table.js';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'table-'));
  file = path.join(folder, 'labels.arrow');
});
afterEach(() => rm(folder, { recursive: true }));

const columns: Record<string, TableColumn> = {
  path: { type: 'utf8', values: ['a/1.jpg', '', 'été 🎨.jpg'] },
  class_index: { type: 'int32', values: [0, -(2 ** 31), 2 ** 31 - 1] },
  loss: { type: 'float32', values: Float32Array.of(0.1, -0, Infinity) },
  is_right: { type: 'bool', values: [true, false, true] },
  probabilities: { type: 'vector', size: 2, values: Float32Array.of(0.25, 0.75, 1, 0, 0.5, 0.5) },
};

describe('writeArrowTable', () => {
  it('is read by pyarrow and arrow-js with the types it was told, nothing nullable', async () => {
    await writeArrowTable(file, columns, { stage: 'labels' });
    const seen = runPython(
      `
import numpy as np, pyarrow.feather as feather
table = feather.read_table(ARGS)
table.validate(full=True)
RESULT = {
    "fields": [[field.name, str(field.type), field.nullable] for field in table.schema],
    "path": table["path"].to_pylist(), "class_index": table["class_index"].to_pylist(),
    "loss": [str(value) for value in table["loss"].to_pylist()], "is_right": table["is_right"].to_pylist(),
    "probabilities": table["probabilities"].to_pylist(), "stage": table.schema.metadata[b"stage"].decode(),
}`,
      file,
    );
    expect(seen).toEqual({
      fields: [
        ['path', 'string', false],
        ['class_index', 'int32', false],
        ['loss', 'float', false],
        ['is_right', 'bool', false],
        ['probabilities', 'fixed_size_list<item: float>[2]', false],
      ],
      path: ['a/1.jpg', '', 'été 🎨.jpg'],
      class_index: [0, -(2 ** 31), 2 ** 31 - 1],
      loss: ['0.10000000149011612', '-0.0', 'inf'],
      is_right: [true, false, true],
      probabilities: [
        [0.25, 0.75],
        [1, 0],
        [0.5, 0.5],
      ],
      stage: 'labels',
    });
    const table = tableFromIPC(await readFile(file));
    expect(table.schema.fields.map(String)).toEqual([
      'path: Utf8',
      'class_index: Int32',
      'loss: Float32',
      'is_right: Bool',
      'probabilities: FixedSizeList[2]<Float32>',
    ]);
    expect([...(table.getChild('path') ?? [])]).toEqual(columns['path']?.values);
  });

  it('is read back the same, whatever the values', async () => {
    const row = fc.record({
      text: fc.string({ unit: 'binary' }),
      int: fc.integer(),
      float: fc.float(),
      flag: fc.boolean(),
      vector: fc.array(fc.float(), { minLength: 3, maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 40 }), async (rows) => {
        await writeArrowTable(file, {
          text: { type: 'utf8', values: rows.map(({ text }) => text) },
          int: { type: 'int32', values: rows.map(({ int }) => int) },
          float: { type: 'float32', values: rows.map(({ float }) => float) },
          flag: { type: 'bool', values: rows.map(({ flag }) => flag) },
          vector: {
            type: 'vector',
            size: 3,
            values: Float32Array.from(rows.flatMap(({ vector }) => vector)),
          },
        });
        const table = await readArrowTable(file);
        expect(table.rows).toBe(rows.length);
        expect(table.column('text', 'utf8')).toEqual(rows.map(({ text }) => text));
        expect([...table.column('int', 'int32')]).toEqual(rows.map(({ int }) => int));
        expect([...table.column('float', 'float32')]).toEqual(rows.map(({ float }) => float));
        expect(table.column('flag', 'bool')).toEqual(rows.map(({ flag }) => flag));
        expect([...table.vectors('vector').values]).toEqual(rows.flatMap(({ vector }) => vector));
      }),
      { numRuns: 50 },
    );
  });

  it('writes the same bytes for the same table', async () => {
    const first = await writeArrowTable(file, columns, { a: '1', b: '2' });
    expect(await writeArrowTable(file, columns, { b: '2', a: '1' })).toEqual(first);
  });

  it.each([
    [
      'a null',
      { label: { type: 'int32', values: [0, null, 2] } },
      /Cannot write the column "label": row 1 holds null/,
    ],
    [
      'a number as text',
      { label: { type: 'utf8', values: ['a', 1] } },
      /column "label": row 1 holds 1, not a text/,
    ],
    [
      'a BigInt',
      { label: { type: 'int32', values: [1n] } },
      /column "label": row 0 holds 1, not a whole number/,
    ],
    [
      'columns of different length',
      { a: { type: 'int32', values: [1] }, b: { type: 'utf8', values: [] } },
      /column "b" has 0 rows, and "a" has 1/,
    ],
    [
      'half a vector',
      { a: { type: 'int32', values: [1] }, b: { type: 'vector', size: 2, values: new Float32Array(3) } },
      /column "b" has 1\.5 rows/,
    ],
  ])('refuses %s', async (_name, wrong, message) => {
    await expect(writeArrowTable(file, wrong as never)).rejects.toThrow(message);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('readArrowTable', () => {
  it('refuses nulls, with the column’s name', async () => {
    runPython(
      `
import pyarrow as pa, pyarrow.ipc as ipc
table = pa.table({"path": ["a", "b", "c"], "label": pa.array([0, None, 2], pa.int32())})
with ipc.new_file(ARGS, table.schema) as writer:
    writer.write_table(table)
RESULT = None`,
      file,
    );
    await expect(readArrowTable(file)).rejects.toThrow(
      /column "label" holds 1 nulls, and no value may be missing/,
    );
  });

  it.each([
    ['float64', { label: Float64Array.of(1) }, /column "label" is of type Float64/],
    ['int64', { label: BigInt64Array.of(1n) }, /column "label" is of type Int64/],
    ['a dictionary', { label: ['a', 'b'] }, /column "label" is of type Dictionary/],
  ])('refuses a column of type %s, by name', async (_name, arrays, message) => {
    await writeFile(file, tableToIPC(tableFromArrays(arrays as Record<string, Float64Array>), 'file'));
    await expect(readArrowTable(file)).rejects.toThrow(message);
  });

  it('refuses a stream, a compressed file and something else, saying which it is', async () => {
    const table = tableFromArrays({ label: Int32Array.of(1, 2) });
    await writeFile(file, RecordBatchStreamWriter.writeAll(table).toUint8Array(true));
    await expect(readArrowTable(file)).rejects.toThrow(/is an Arrow stream, not an Arrow file/);
    await writeFile(file, 'path,label\na,1\n');
    await expect(readArrowTable(file)).rejects.toThrow(/does not begin like an Arrow file/);
    runPython(
      `
import pyarrow as pa, pyarrow.feather as feather
feather.write_feather(pa.table({"label": pa.array([1] * 1000, pa.int32())}), ARGS, compression="zstd")
RESULT = None`,
      file,
    );
    await expect(readArrowTable(file)).rejects.toThrow(/record batch 0 is compressed/);
  });

  it('reads the files of arrow-js and of pyarrow in several batches', async () => {
    runPython(
      `
import pyarrow as pa, pyarrow.ipc as ipc
schema = pa.schema([("path", pa.string()), ("label", pa.int32()), ("flag", pa.bool_())])
with ipc.new_file(ARGS, schema) as writer:
    for start in [0, 3, 6]:
        rows = range(start, start + 3)
        writer.write_batch(pa.record_batch([[f"p{i}" for i in rows], pa.array(rows, pa.int32()), [i % 2 == 0 for i in rows]], schema=schema))
RESULT = None`,
      file,
    );
    const table = await readArrowTable(file);
    expect(table.column('path', 'utf8')).toEqual(['p0', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7', 'p8']);
    expect([...table.column('label', 'int32')]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(table.column('flag', 'bool')).toEqual([true, false, true, false, true, false, true, false, true]);
    await writeFile(file, tableToIPC(tableFromArrays({ label: Int32Array.of(1, 2) }), 'file'));
    expect([...(await readArrowTable(file)).column('label', 'int32')]).toEqual([1, 2]);
    await expect(readArrowTable(file).then((read) => read.vectors('label'))).rejects.toThrow(
      /no vector column "label"/,
    );
  });
});
