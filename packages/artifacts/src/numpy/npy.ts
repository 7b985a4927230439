import { readFile } from 'node:fs/promises';
import { AtelierError } from '@atelier/core';
import type { FileDigest } from '../digest.js';
import { bytesOf, elementCount } from '../elements.js';
import { damagedError, readError } from '../file-errors.js';
import { decodeNpyHeader, encodeNpyHeader, type NpyHeader } from './npy-header.js';
import { createAtomicFile } from '../write-atomic.js';

/**
 * The dtypes of numpy that can be read, and the array each is read into. bool is a byte that is 0 or 1; float16 is
 * its bits (see `fromFloat16`).
 */
export interface NpyData {
  bool: Uint8Array;
  int8: Int8Array;
  uint8: Uint8Array;
  int16: Int16Array;
  uint16: Uint16Array;
  int32: Int32Array;
  uint32: Uint32Array;
  int64: BigInt64Array;
  uint64: BigUint64Array;
  float16: Uint16Array;
  float32: Float32Array;
  float64: Float64Array;
}

/** A dtype of numpy, by its name there. */
export type NpyDtype = keyof NpyData;

/** An array of numbers in C order (the last axis runs fastest): `data.length` is the product of `shape`. */
export type NpyArray = {
  [D in NpyDtype]: { readonly dtype: D; readonly shape: readonly number[]; readonly data: NpyData[D] };
}[NpyDtype];

/** An array that can be written. */
export type WritableNpyArray = Extract<NpyArray, { dtype: keyof typeof writable }>;

type TypedArray = NpyData[NpyDtype];
type TypedArrayConstructor = new (buffer: ArrayBuffer) => TypedArray;

const writable = { float32: '<f4', float16: '<f2', uint8: '|u1', int32: '<i4', int64: '<i8' } as const;

const readable: Readonly<Record<string, readonly [NpyDtype, TypedArrayConstructor]>> = {
  b1: ['bool', Uint8Array],
  i1: ['int8', Int8Array],
  u1: ['uint8', Uint8Array],
  i2: ['int16', Int16Array],
  u2: ['uint16', Uint16Array],
  i4: ['int32', Int32Array],
  u4: ['uint32', Uint32Array],
  i8: ['int64', BigInt64Array],
  u8: ['uint64', BigUint64Array],
  f2: ['float16', Uint16Array],
  f4: ['float32', Float32Array],
  f8: ['float64', Float64Array],
};

/**
 * The header of a .npy file, as numpy itself writes it (numpy.lib.format 1.0, little-endian, C order).
 * The array's data follows it as it lies in memory.
 */
export function npyHeader(dtype: keyof typeof writable, shape: readonly number[]): Uint8Array {
  return encodeNpyHeader(writable[dtype], shape);
}

/** The two parts of a .npy file, the data as a view. @throws AtelierError when data and shape do not agree. */
export function npyParts(array: WritableNpyArray): [header: Uint8Array, data: Uint8Array] {
  const { dtype, shape, data } = array;
  const wanted = elementCount(shape);
  if (data.length !== wanted) {
    throw new AtelierError({
      code: 'WRITE_FAILED',
      action: 'write the array',
      problem: `it has ${data.length} elements, but its shape [${shape.join(', ')}] asks for ${wanted}`,
      hint: 'This is a mistake in the program: give the array its own shape.',
    });
  }
  return [npyHeader(dtype, shape), bytesOf(data)];
}

/**
 * Writes a .npy file atomically; `numpy.load` reads it.
 * @throws AtelierError WRITE_FAILED or DISK_FULL
 */
export async function writeNpy(path: string, array: WritableNpyArray): Promise<FileDigest> {
  const parts = npyParts(array);
  const file = await createAtomicFile(path);
  for (const part of parts) await file.write(part);
  return file.commit();
}

/**
 * Reads a .npy file: versions 1 to 3, either byte order, C or Fortran order (turned into C order), every bool, int,
 * uint and float dtype.
 * @throws AtelierError ARTIFACT_MISSING, READ_FAILED, or ARTIFACT_DAMAGED: another dtype (objects, text, records,
 * complex numbers), a cut file, bytes after the data
 */
export async function readNpy(path: string): Promise<NpyArray> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw readError('read the array', path, error);
  }
  return decodeNpy(bytes, path);
}

/**
 * {@link readNpy} of bytes in memory. The result is a copy, so it is aligned and shares nothing with `bytes`.
 * @param path named in the errors
 */
export function decodeNpy(bytes: Uint8Array, path?: string): NpyArray {
  const header = decodeNpyHeader(bytes, path);
  const fail = (problem: string) => damagedError('read the array', path, problem);
  const [order, code] = [header.descr[0] ?? '', header.descr.slice(1)];
  const known = '<>|='.includes(order) ? readable[code] : undefined;
  if (known === undefined || ('|='.includes(order) && !code.endsWith('1'))) {
    throw fail(`it holds dtype "${header.descr}", and only bool, int, uint and float numbers can be read`);
  }
  const [dtype, ArrayType] = known;
  const itemBytes = Number(code.slice(1));
  const wantedBytes = elementCount(header.shape) * itemBytes;
  const foundBytes = bytes.byteLength - header.dataOffset;
  if (foundBytes !== wantedBytes) {
    throw fail(
      `its shape (${header.shape.join(', ')}) of ${dtype} needs ${wantedBytes} bytes of data, and it has ${foundBytes}`,
    );
  }
  const own = Buffer.from(new ArrayBuffer(wantedBytes));
  own.set(bytes.subarray(header.dataOffset));
  if (order === '>') swapBytes(own, itemBytes);
  const data = inCOrder(new ArrayType(own.buffer), header);
  return { dtype, shape: header.shape, data } as NpyArray;
}

function swapBytes(bytes: Buffer, itemBytes: number): void {
  if (itemBytes === 2) bytes.swap16();
  if (itemBytes === 4) bytes.swap32();
  if (itemBytes === 8) bytes.swap64();
}

/** Elements of an array whose first axis runs fastest, moved to where C order has them. */
function inCOrder(data: TypedArray, { fortranOrder, shape }: NpyHeader): TypedArray {
  if (!fortranOrder || shape.length < 2) return data;
  const moved = data.slice();
  const index = shape.map(() => 0);
  const strides = shape.map((_, axis) => elementCount(shape.slice(0, axis)));
  for (let i = 0; i < data.length; i++) {
    moved[i] = data[index.reduce((sum, at, axis) => sum + at * (strides[axis] as number), 0)] as never;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      index[axis] = 0;
    }
  }
  return moved;
}
