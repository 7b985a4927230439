import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { runPython } from '@atelier/readers';
import { fromFloat16, toFloat16 } from '../numpy/float16.js';
import type { ElementType } from './arrow-columns.js';
import { createTensorShard, openTensorShard, type TensorRow, type TensorShardSpec } from './tensor-shard.js';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'shard-'));
  file = path.join(folder, 'train-00000-of-00001.arrow');
});
afterEach(() => rm(folder, { recursive: true }));

const shape = [2, 3, 3];
const spec = (dtype: ElementType): TensorShardSpec => ({
  shape,
  dimNames: ['H', 'W', 'C'],
  dtype,
  columns: { sample_id: 'utf8', class_index: 'int32', weight: 'float32', is_flipped: 'bool' },
  metadata: { split: 'train', value_range: '[0, 1]' },
});

/** Row i: elements that tell row and place apart, exact in every dtype. */
function rowOf(dtype: ElementType, i: number): TensorRow {
  const levels = Uint8Array.from({ length: 18 }, (_, at) => (i * 18 + at) % 256);
  const floats = Float32Array.from(levels, (level) => level / 255);
  const tensor = dtype === 'uint8' ? levels : dtype === 'float32' ? floats : toFloat16(floats);
  const values = {
    sample_id: `été 🎨/${'x'.repeat(i % 4)}#${i}`,
    class_index: i - 2,
    weight: i / 4,
    is_flipped: i % 3 === 0,
  };
  return { tensor, values };
}

const rowsOf = (dtype: ElementType, count: number) =>
  Array.from({ length: count }, (_, i) => rowOf(dtype, i));

async function write(dtype: ElementType, count: number): Promise<void> {
  const shard = await createTensorShard(file, spec(dtype));
  await shard.append(rowsOf(dtype, count));
  await shard.commit();
}

const numbers = (row: TensorRow) => [
  ...(row.tensor instanceof Uint16Array ? fromFloat16(row.tensor) : row.tensor),
];

describe('createTensorShard', () => {
  it.each(['float32', 'float16', 'uint8'] as const)(
    'is read by pyarrow: %s, as an array (N, H, W, C)',
    async (dtype) => {
      await write(dtype, 37);
      const seen = runPython(
        `
import pyarrow as pa, pyarrow.ipc as ipc
with ipc.open_file(ARGS) as reader:
    table = reader.read_all()
table.validate(full=True)
tensor = table["tensor"].combine_chunks()
array = tensor.to_numpy_ndarray()
RESULT = {
    "type": str(tensor.type), "dims": tensor.type.dim_names, "dtype": array.dtype.name, "shape": array.shape,
    "values": array.astype("float32").reshape(len(array), -1),
    "fields": [[field.name, str(field.type), field.nullable] for field in table.schema][:-1],
    "columns": table.drop_columns("tensor").to_pydict(),
    "metadata": {key.decode(): value.decode() for key, value in table.schema.metadata.items()},
    "batches": [len(chunk) for chunk in table["tensor"].chunks],
}`,
        file,
      ) as Record<string, unknown>;
      const rows = rowsOf(dtype, 37);
      expect(seen['type']).toMatch(/extension<arrow\.fixed_shape_tensor\[.*shape=\[2,3,3\]/);
      expect(seen).toMatchObject({
        dims: ['H', 'W', 'C'],
        dtype,
        shape: [37, 2, 3, 3],
        fields: [
          ['sample_id', 'string', false],
          ['class_index', 'int32', false],
          ['weight', 'float', false],
          ['is_flipped', 'bool', false],
        ],
        metadata: { split: 'train', value_range: '[0, 1]', 'atelier.rows': '37' },
        batches: [16, 16, 5],
      });
      expect(seen['values']).toEqual(rows.map(numbers));
      for (const [name, values] of Object.entries(seen['columns'] as Record<string, unknown[]>)) {
        expect(values).toEqual(rows.map((row) => row.values[name]));
      }
    },
  );

  it('is a whole Arrow stream between its magics too, and readable by arrow-js', async () => {
    await write('float32', 3);
    const streamed = runPython(
      `
import pyarrow as pa, pyarrow.ipc as ipc
RESULT = ipc.open_stream(pa.py_buffer(open(ARGS, "rb").read()[8:])).read_all()["class_index"].to_pylist()`,
      file,
    );
    expect(streamed).toEqual([-2, -1, 0]);
    const table = tableFromIPC(await readFile(file));
    expect(table.numRows).toBe(3);
    expect([...(table.getChild('sample_id') ?? [])]).toEqual(
      rowsOf('float32', 3).map((row) => row.values['sample_id']),
    );
  });

  it('aligns every buffer to 64 bytes, so that readers may map the file', async () => {
    await write('float32', 20);
    const addresses = runPython(
      `
import pyarrow as pa, pyarrow.ipc as ipc
source = pa.memory_map(ARGS)
base = source.read_buffer(1).address
source.seek(0)
RESULT = sorted({(b.address - base) % 64 for batch in ipc.open_file(source).read_all().to_batches() for c in batch.columns for b in c.buffers() if b is not None and b.size > 0})`,
      file,
    );
    expect(addresses).toEqual([0]);
  });

  it('gives the same bytes however the rows are grouped, and does not keep what it was given', async () => {
    await write('uint8', 40);
    const whole = await readFile(file);
    const shard = await createTensorShard(file, spec('uint8'));
    const reused = new Uint8Array(18);
    for (const row of rowsOf('uint8', 40)) {
      reused.set(row.tensor);
      await shard.append([{ ...row, tensor: reused }]);
    }
    await shard.commit();
    expect(await readFile(file)).toEqual(whole);
  });

  it('has its name only when it is whole', async () => {
    const shard = await createTensorShard(file, spec('uint8'));
    await shard.append(rowsOf('uint8', 20));
    expect(await readdir(folder)).not.toContain(path.basename(file));
    await shard.abort();
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    [
      'a tensor of another length',
      { tensor: new Float32Array(17) },
      /row 1 has 17 elements in a Float32Array, and a float32 tensor \[2, 3, 3\] has 18/,
    ],
    ['a tensor of another dtype', { tensor: new Uint8Array(18) }, /row 1 has 18 elements in a Uint8Array/],
    [
      'a missing value',
      { values: { sample_id: 'a', weight: 1, is_flipped: true } },
      /column "class_index": row 1 holds undefined, not a whole number/,
    ],
    [
      'a fraction for an int32',
      { values: { ...rowOf('float32', 0).values, class_index: 0.5 } },
      /column "class_index": row 1 holds 0\.5/,
    ],
    [
      'a number too large',
      { values: { ...rowOf('float32', 0).values, class_index: 2 ** 31 } },
      /column "class_index": row 1 holds 2147483648/,
    ],
    [
      'half a surrogate pair',
      { values: { ...rowOf('float32', 0).values, sample_id: '\uDC00' } },
      /column "sample_id": row 1 holds/,
    ],
  ])('refuses %s and leaves nothing', async (_name, change, message) => {
    const shard = await createTensorShard(file, spec('float32'));
    const rows = [rowOf('float32', 0), { ...rowOf('float32', 1), ...change }];
    const writing = async () => {
      await shard.append(rows);
      await shard.commit();
    };
    await expect(writing()).rejects.toThrow(message);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('openTensorShard', () => {
  it('reads any row, and runs of rows over batches, alone', async () => {
    await write('float16', 37);
    const shard = await openTensorShard(file);
    const rows = rowsOf('float16', 37);
    expect(shard).toMatchObject({
      rows: 37,
      shape,
      dimNames: ['H', 'W', 'C'],
      dtype: 'float16',
      rowElements: 18,
    });
    expect(shard.metadata).toEqual({ split: 'train', value_range: '[0, 1]' });
    expect(shard.columns).toEqual({
      sample_id: 'utf8',
      class_index: 'int32',
      weight: 'float32',
      is_flipped: 'bool',
    });
    expect(shard.column('sample_id', 'utf8')).toEqual(rows.map((row) => row.values['sample_id']));
    expect([...shard.column('class_index', 'int32')]).toEqual(rows.map((row) => row.values['class_index']));
    expect([...shard.column('weight', 'float32')]).toEqual(rows.map((row) => row.values['weight']));
    expect(shard.column('is_flipped', 'bool')).toEqual(rows.map((row) => row.values['is_flipped']));
    for (const row of [36, 0, 15, 16, 31, 32, 7]) expect(shard.readRow(row)).toEqual(rows[row]?.tensor);
    fc.assert(
      fc.property(fc.nat(37), fc.nat(37), (a, b) => {
        const [first, end] = [Math.min(a, b), Math.max(a, b)];
        const expected = rows.slice(first, end).flatMap((row) => [...row.tensor]);
        expect([...shard.readRows(first, end - first)]).toEqual(expected);
      }),
    );
    shard.close();
  });

  it('fills a part of shared memory and touches nothing beside it', async () => {
    await write('float32', 5);
    const shard = await openTensorShard(file);
    const batch = new Float32Array(new SharedArrayBuffer(3 * 18 * 4)).fill(-1);
    const target = batch.subarray(18, 36);
    expect(shard.readRow(4, target)).toBe(target);
    expect([...batch]).toEqual([...Array(18).fill(-1), ...rowOf('float32', 4).tensor, ...Array(18).fill(-1)]);
    shard.close();
  });

  it('reads a tensor of pyarrow’s own making', async () => {
    const values = runPython(
      `
import numpy as np, pyarrow as pa, pyarrow.ipc as ipc
array = np.arange(2 * 4 * 5 * 3, dtype="uint8").reshape(2, 4, 5, 3)
tensor = pa.FixedShapeTensorArray.from_numpy_ndarray(array, dim_names=["H", "W", "C"])
table = pa.table({"tensor": tensor, "label": pa.array([3, 4], pa.int32())})
with ipc.new_file(ARGS, table.schema) as writer:
    writer.write_table(table)
RESULT = array[1].ravel()`,
      file,
    ) as number[];
    const shard = await openTensorShard(file);
    expect(shard).toMatchObject({
      rows: 2,
      shape: [4, 5, 3],
      dimNames: ['H', 'W', 'C'],
      dtype: 'uint8',
      metadata: {},
    });
    expect([...shard.readRow(1)]).toEqual(values);
    expect([...shard.column('label', 'int32')]).toEqual([3, 4]);
    shard.close();
  });

  it('holds an empty shard', async () => {
    await write('uint8', 0);
    const shard = await openTensorShard(file);
    expect(shard.rows).toBe(0);
    expect(shard.column('sample_id', 'utf8')).toEqual([]);
    expect(
      runPython('import pyarrow.ipc as ipc\nRESULT = ipc.open_file(ARGS).read_all().num_rows', file),
    ).toBe(0);
    shard.close();
  });

  it('refuses rows that are not there, targets that do not fit, columns by another type, and a closed shard', async () => {
    await write('float32', 5);
    const shard = await openTensorShard(file);
    for (const row of [-1, 5, 0.5, NaN])
      expect(() => shard.readRow(row)).toThrow(/were asked for, and it has 5/);
    expect(() => shard.readRow(0, new Float32Array(17))).toThrow(
      /into a Float32Array of 17, and they are 18 elements of float32/,
    );
    expect(() => shard.readRow(0, new Uint8Array(18))).toThrow(/into a Uint8Array of 18/);
    expect(() => shard.column('label', 'int32')).toThrow(/has no column "label"/);
    expect(() => shard.column('weight', 'int32')).toThrow(/column "weight" is float32, not int32/);
    shard.close();
    shard.close();
    expect(() => shard.readRow(0)).toThrow(/has been closed/);
  });

  it('detects every cut', async () => {
    await write('uint8', 20);
    const whole = await readFile(file);
    for (let length = 0; length < whole.length; length += 7) {
      await writeFile(file, whole.subarray(0, length));
      await expect(openTensorShard(file)).rejects.toMatchObject({ code: 'ARTIFACT_DAMAGED', path: file });
    }
  });

  it('detects a footer that counts other rows than there are', async () => {
    await write('uint8', 20);
    const whole = await readFile(file);
    const count = whole.lastIndexOf(Buffer.from('20', 'latin1'));
    whole.write('21', count, 'latin1');
    await writeFile(file, whole);
    await expect(openTensorShard(file)).rejects.toThrow(/holds 20 rows, and its footer says 21/);
  });

  it('refuses a table without tensors, and permuted tensors', async () => {
    runPython(
      `
import pyarrow as pa, pyarrow.ipc as ipc
table = pa.table({"label": pa.array([3, 4], pa.int32())})
with ipc.new_file(ARGS, table.schema) as writer:
    writer.write_table(table)
RESULT = None`,
      file,
    );
    await expect(openTensorShard(file)).rejects.toThrow(/has no column of type arrow\.fixed_shape_tensor/);
    runPython(
      `
import pyarrow as pa, pyarrow.ipc as ipc
kind = pa.fixed_shape_tensor(pa.float32(), (2, 3), permutation=[1, 0])
array = pa.ExtensionArray.from_storage(kind, pa.array([[1.0] * 6], pa.list_(pa.float32(), 6)))
table = pa.table({"tensor": array})
with ipc.new_file(ARGS, table.schema) as writer:
    writer.write_table(table)
RESULT = None`,
      file,
    );
    await expect(openTensorShard(file)).rejects.toThrow(/axes are permuted \(1, 0\)/);
  });

  it('tells a missing file from one that cannot be read', async () => {
    await expect(openTensorShard(file)).rejects.toMatchObject({ code: 'ARTIFACT_MISSING' });
    await expect(openTensorShard(folder)).rejects.toMatchObject({ code: 'READ_FAILED' });
  });
});
