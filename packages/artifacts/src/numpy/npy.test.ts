import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { runPython } from '@atelier/readers';
import { fromFloat16, toFloat16 } from './float16.js';
import { decodeNpy, npyParts, readNpy, writeNpy, type WritableNpyArray } from './npy.js';

let folder: string;
beforeAll(async () => (folder = await mkdtemp(path.join(tmpdir(), 'npy-'))));
afterAll(() => rm(folder, { recursive: true }));

describe('writeNpy', () => {
  const arrays: WritableNpyArray[] = [
    { dtype: 'float32', shape: [2, 3], data: Float32Array.of(0, 0.1, -1.5, 3e38, 1e-45, 7) },
    { dtype: 'float16', shape: [3], data: toFloat16(Float32Array.of(0, 0.5, 65504)) },
    { dtype: 'uint8', shape: [2, 2, 1], data: Uint8Array.of(0, 1, 254, 255) },
    { dtype: 'int32', shape: [2], data: Int32Array.of(-(2 ** 31), 2 ** 31 - 1) },
    { dtype: 'int64', shape: [1], data: BigInt64Array.of(-(2n ** 63n)) },
    { dtype: 'uint8', shape: [], data: Uint8Array.of(7) },
    { dtype: 'float32', shape: [0, 3], data: new Float32Array(0) },
    { dtype: 'uint8', shape: Array.from({ length: 30 }, () => 1), data: Uint8Array.of(1) },
  ];

  it.each(arrays.map((array) => [`${array.dtype} [${array.shape}]`, array] as const))(
    'writes %s byte for byte as numpy does',
    async (_name, array) => {
      const [ours, theirs] = [path.join(folder, 'ours.npy'), path.join(folder, 'theirs.npy')];
      await writeNpy(ours, array);
      const seen = runPython(
        `
import numpy
array = numpy.load(ARGS["ours"])
numpy.save(ARGS["theirs"], array)
RESULT = [array.dtype.name, array.shape, [str(value) for value in array.ravel().tolist()]]`,
        { ours, theirs },
      );
      const values = array.dtype === 'float16' ? fromFloat16(array.data) : array.data;
      expect(seen).toEqual([array.dtype, array.shape, expect.any(Array)]);
      expect((seen as [string, number[], string[]])[2].map(Number)).toEqual(Array.from(values, Number));
      expect(await readFile(ours)).toEqual(await readFile(theirs));
    },
  );

  it('begins the data at a multiple of 64 bytes, whatever the shape', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { maxLength: 20 }), (shape) => {
        const count = shape.reduce((product, axis) => product * axis, 1);
        fc.pre(count < 10_000);
        const array = { dtype: 'uint8' as const, shape, data: new Uint8Array(count) };
        const bytes = encode(array);
        expect((bytes.length - count) % 64).toBe(0);
        expect(decodeNpy(bytes)).toEqual(array);
      }),
    );
  });

  it('refuses data that its shape does not fit', async () => {
    const file = path.join(folder, 'misfit.npy');
    await expect(writeNpy(file, { dtype: 'uint8', shape: [2, 3], data: new Uint8Array(5) })).rejects.toThrow(
      'it has 5 elements, but its shape [2, 3] asks for 6',
    );
    await expect(readNpy(file)).rejects.toMatchObject({ code: 'ARTIFACT_MISSING' });
  });
});

describe('readNpy', () => {
  /** numpy writes one file of each kind and says what is in it. */
  const written = () =>
    runPython(
      `
import numpy, os
folder = ARGS
made = {}
def keep(name, array, version=None):
    with open(os.path.join(folder, name + ".npy"), "wb") as file:
        numpy.lib.format.write_array(file, array, version=version)
    made[name] = [array.dtype.name, array.shape, [str(value) for value in array.ravel(order="C").tolist()]]
ramp = numpy.arange(6).reshape(2, 3)
keep("c_f4", (ramp / 8).astype("<f4"))
keep("fortran_f4", numpy.asfortranarray((ramp / 8).astype("<f4")))
keep("fortran3d_u1", numpy.asfortranarray(numpy.arange(24, dtype="u1").reshape(2, 3, 4)))
keep("fortran_be_u2", numpy.asfortranarray(numpy.array([[1, 256, 3], [32896, 65535, 6]], dtype=">u2")))
for dtype in ["?", "i1", "u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8", ">i2", ">u2", ">i4", ">u4", ">i8", ">u8", ">f2", ">f4", ">f8"]:
    keep("d_" + dtype.replace("<", "le_").replace(">", "be_").replace("?", "bool"), numpy.array([[0, 1, 100], [3, 2, 127]]).astype(dtype))
keep("scalar", numpy.array(2.5, dtype="<f8"))
keep("one", numpy.array([5], dtype="<i4"))
keep("empty", numpy.zeros((0, 3), dtype="<f4"))
keep("v2", ramp.astype("<f4"), version=(2, 0))
keep("v3", ramp.astype("<f4"), version=(3, 0))
keep("long_header", numpy.zeros([1] * 60, dtype="u1"))
RESULT = made`,
      folder,
    ) as Record<string, [string, number[], string[]]>;

  it('reads what numpy writes: dtypes, byte orders, both axis orders, versions', async () => {
    const made = Object.entries(written());
    expect(made.length).toBe(31);
    for (const [name, [dtype, shape, texts]] of made) {
      const array = await readNpy(path.join(folder, `${name}.npy`));
      const values = array.dtype === 'float16' ? fromFloat16(array.data) : array.data;
      const expected = texts.map((text) => (dtype === 'bool' ? Number(text === 'True') : Number(text)));
      expect([name, array.dtype, array.shape]).toEqual([name, dtype, shape]);
      expect(Array.from(values, Number)).toEqual(expected);
    }
  });

  it('reads Fortran order into C order and swaps big-endian bytes (expected values by hand)', async () => {
    written();
    const [fortran, swapped] = await Promise.all(
      ['fortran_f4', 'fortran_be_u2'].map((name) => readNpy(path.join(folder, `${name}.npy`))),
    );
    expect([...(fortran?.data ?? [])]).toEqual([0, 0.125, 0.25, 0.375, 0.5, 0.625]);
    expect([...(swapped?.data ?? [])]).toEqual([1, 256, 3, 32896, 65535, 6]);
  });

  it('reads headers with keys in any order, unaligned, aligned to 16, over 255 bytes, in the old Python style', () => {
    const data = Uint8Array.of(1, 2, 3, 4, 5, 6);
    for (const header of [
      "{'shape': (2, 3), 'descr': '|u1', 'fortran_order': False}\n",
      "{'fortran_order':False,'shape':(2,3,),'descr':'|u1',}",
      '{"descr": "|u1", "fortran_order": False, "shape": (2L, 3L), }\n',
      `{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }${' '.repeat(400)}\n`,
    ]) {
      expect(decodeNpy(withHeader(header, data))).toEqual({ dtype: 'uint8', shape: [2, 3], data });
    }
  });

  it('reads from the middle of a pooled buffer, at any alignment, and shares nothing with it', () => {
    const file = encode({ dtype: 'float32', shape: [3], data: Float32Array.of(1.5, -2, 0.25) });
    for (let shift = 0; shift < 9; shift++) {
      const pool = Buffer.alloc(file.length + 16, 0xff);
      file.copy(pool, shift);
      const array = decodeNpy(pool.subarray(shift, shift + file.length));
      pool.fill(0);
      expect(array).toEqual({ dtype: 'float32', shape: [3], data: Float32Array.of(1.5, -2, 0.25) });
      expect(array.data.buffer.byteLength).toBe(12);
    }
  });

  it.each([
    ['nothing', Buffer.alloc(0), /does not begin like a \.npy/],
    ['a picture', Buffer.from('\x89PNG\r\n\x1a\n          ', 'latin1'), /does not begin like a \.npy/],
    [
      'version 9',
      withHeader("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }\n", Uint8Array.of(1), 9),
      /version 9/,
    ],
    [
      'a cut header',
      withHeader("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }\n", Uint8Array.of(1)).subarray(
        0,
        40,
      ),
      /ends within its header/,
    ],
    [
      'objects',
      withHeader("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n", Uint8Array.of(1)),
      /dtype "\|O"/,
    ],
    [
      'text',
      withHeader("{'descr': '<U5', 'fortran_order': False, 'shape': (1,), }\n", new Uint8Array(20)),
      /dtype "<U5"/,
    ],
    [
      'complex numbers',
      withHeader("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }\n", new Uint8Array(8)),
      /dtype "<c8"/,
    ],
    [
      'records',
      withHeader("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }\n", new Uint8Array(4)),
      /structured dtype/,
    ],
    [
      'a byte too few',
      withHeader("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", new Uint8Array(7)),
      /needs 8 bytes of data, and it has 7/,
    ],
    [
      'a byte too many',
      withHeader("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", new Uint8Array(9)),
      /needs 8 bytes of data, and it has 9/,
    ],
    [
      'a huge shape',
      withHeader(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999, 999999999999), }\n",
        new Uint8Array(4),
      ),
      /it has 4/,
    ],
    [
      'a missing key',
      withHeader("{'descr': '<f4', 'shape': (1,), }\n", new Uint8Array(4)),
      /header cannot be read/,
    ],
    [
      'a key too many',
      withHeader("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1, }\n", new Uint8Array(4)),
      /header cannot be read/,
    ],
    [
      'a negative axis',
      withHeader("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }\n", new Uint8Array(4)),
      /header cannot be read/,
    ],
    [
      'words after the header',
      withHeader("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } 1\n", new Uint8Array(4)),
      /header cannot be read/,
    ],
  ])('refuses %s', (_name, bytes, message) => {
    expect(() => decodeNpy(bytes, 'x.npy')).toThrow(message);
    expect(() => decodeNpy(bytes, 'x.npy')).toThrow(/^Cannot read the array x\.npy: .*\. Delete the file/);
  });

  it('refuses every cut of a file', async () => {
    const file = encode({ dtype: 'uint8', shape: [4], data: Uint8Array.of(1, 2, 3, 4) });
    for (let length = 0; length < file.length; length++) {
      expect(() => decodeNpy(file.subarray(0, length))).toThrow(/Cannot read the array/);
    }
    await writeFile(path.join(folder, 'cut.npy'), file.subarray(0, 130));
    await expect(readNpy(path.join(folder, 'cut.npy'))).rejects.toMatchObject({ code: 'ARTIFACT_DAMAGED' });
  });
});

function withHeader(header: string, data: Uint8Array, major = 1): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  return Buffer.concat([
    Buffer.from([0x93, ...Buffer.from('NUMPY'), major, 0]),
    length,
    Buffer.from(header, 'latin1'),
    data,
  ]);
}

function encode(array: WritableNpyArray): Buffer {
  return Buffer.concat(npyParts(array));
}
