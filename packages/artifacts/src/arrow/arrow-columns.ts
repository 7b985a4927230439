import { AtelierError } from '@atelier/core';

/** The types of a plain column, none of which can hold a null, and what each is read into. */
export interface ColumnData {
  /** Text: Arrow Utf8. */
  utf8: readonly string[];
  /** Whole numbers from -2^31 to 2^31-1: Arrow Int32. */
  int32: Int32Array;
  /** Numbers of single precision, NaN included: Arrow Float32. */
  float32: Float32Array;
  /** Arrow Bool. */
  bool: readonly boolean[];
}

/** The type of a plain column. */
export type ScalarType = keyof ColumnData;

/** The dtype of the elements of a list or tensor column; float16 travels as its bits. */
export type ElementType = 'float32' | 'float16' | 'uint8';

/** What elements are held in. */
export interface ElementData {
  float32: Float32Array;
  float16: Uint16Array;
  uint8: Uint8Array;
}

/** A list column: every row holds `size` elements. Arrow FixedSizeList. */
export interface ListType {
  readonly element: ElementType;
  readonly size: number;
}

/** A column as a file declares it. */
export interface FieldSpec {
  readonly name: string;
  readonly type: ScalarType | ListType;
  /** The field's own metadata, where Arrow's extension types are named. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** A column of a file that others read and this house does not: also bytes, 64-bit numbers, and columns in columns. */
export interface WritableField extends Omit<FieldSpec, 'type'> {
  readonly type: FieldSpec['type'] | 'binary' | 'int64' | { readonly children: readonly WritableField[] };
  /** Whether the schema allows nulls, as some readers expect; there are none all the same. */
  readonly nullable?: boolean;
}

/** The buffers of a column without validity bitmaps; of a column with children those of each. */
export type ColumnBuffers = readonly Uint8Array[] | { readonly children: readonly ColumnBuffers[] };

/** Bytes of one element. */
export const elementBytes: Readonly<Record<ElementType, number>> = { float32: 4, float16: 2, uint8: 1 };

/** An array of `count` elements, all zero. */
export function newElements<E extends ElementType>(element: E, count: number): ElementData[E];
export function newElements(element: ElementType, count: number): ElementData[ElementType] {
  if (element === 'float32') return new Float32Array(count);
  return element === 'float16' ? new Uint16Array(count) : new Uint8Array(count);
}

/**
 * The Arrow buffers of a plain column, its validity bitmap left out because no row is null.
 * @param values one per row
 * @returns for text the offsets and the UTF-8 bytes, else the values
 * @throws AtelierError WRITE_FAILED naming the column and the row of a value that is missing or of another type
 */
export function encodeScalars(name: string, type: ScalarType, values: ArrayLike<unknown>): Uint8Array[] {
  const check = checks[type];
  for (let row = 0; row < values.length; row++) {
    if (!check.holds(values[row])) throw misfit(name, row, { wanted: check.wanted, value: values[row] });
  }
  if (type === 'utf8') return encodeTexts(values as ArrayLike<string>);
  if (type === 'bool') return [encodeBits(values as ArrayLike<boolean>)];
  const numbers = values as ArrayLike<number>;
  const data = type === 'int32' ? Int32Array.from(numbers) : Float32Array.from(numbers);
  return [new Uint8Array(data.buffer)];
}

/** {@link encodeScalars} read back: `buffers` as they lie in the file, padding and all. */
export function decodeScalars(
  type: ScalarType,
  rows: number,
  buffers: readonly Buffer[],
): ColumnData[ScalarType] {
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = buffers;
  if (type === 'bool') {
    return Array.from({ length: rows }, (_, row) => (((first[row >> 3] as number) >> (row & 7)) & 1) === 1);
  }
  if (type === 'int32') return Int32Array.from({ length: rows }, (_, row) => first.readInt32LE(row * 4));
  if (type === 'float32') return Float32Array.from({ length: rows }, (_, row) => first.readFloatLE(row * 4));
  return Array.from({ length: rows }, (_, row) =>
    second.toString('utf8', first.readInt32LE(row * 4), first.readInt32LE(row * 4 + 4)),
  );
}

const checks: Readonly<Record<ScalarType, { wanted: string; holds: (value: unknown) => boolean }>> = {
  utf8: {
    wanted: 'a text without half surrogate pairs',
    holds: (value) => typeof value === 'string' && !/\p{Surrogate}/u.test(value),
  },
  int32: {
    wanted: 'a whole number of 32 bits',
    holds: (value) => typeof value === 'number' && (value | 0) === value,
  },
  float32: { wanted: 'a number', holds: (value) => typeof value === 'number' },
  bool: { wanted: 'true or false', holds: (value) => typeof value === 'boolean' },
};

function misfit(name: string, row: number, found: { wanted: string; value: unknown }): AtelierError {
  const value = typeof found.value === 'string' ? JSON.stringify(found.value) : String(found.value);
  return new AtelierError({
    code: 'WRITE_FAILED',
    action: `write the column "${name}"`,
    problem: `row ${row} holds ${value}, not ${found.wanted}`,
    hint: 'This is a mistake in the program: every row needs a value of the column’s type.',
  });
}

function encodeTexts(texts: ArrayLike<string>): Uint8Array[] {
  return encodeBinaries(Array.from(texts, (text) => Buffer.from(text, 'utf8')));
}

/** The buffers of a column of bytes: offsets, and all values one after another (below 2 GiB). */
export function encodeBinaries(encoded: readonly Uint8Array[]): Uint8Array[] {
  const offsets = new Int32Array(encoded.length + 1);
  encoded.forEach((text, row) => (offsets[row + 1] = (offsets[row] as number) + text.length));
  return [new Uint8Array(offsets.buffer), Buffer.concat(encoded)];
}

function encodeBits(flags: ArrayLike<boolean>): Uint8Array {
  const bits = new Uint8Array(Math.ceil(flags.length / 8));
  for (let row = 0; row < flags.length; row++) {
    if (flags[row]) bits[row >> 3] = (bits[row >> 3] as number) | (1 << (row & 7));
  }
  return bits;
}
