import { damagedError } from '../file-errors.js';

/** What a .npy header says. */
export interface NpyHeader {
  /** The dtype as numpy writes it: byte order, kind and size in bytes, such as "<f4". */
  readonly descr: string;
  /** True when the first axis runs fastest. */
  readonly fortranOrder: boolean;
  /** Length of each axis; empty for a single value. */
  readonly shape: readonly number[];
  /** Where the data begins, in bytes from the start of the file. */
  readonly dataOffset: number;
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY
const action = 'read the array';

/**
 * The bytes before the data, in version 1.0 of numpy.lib.format: keys sorted, ", }" at the end, spaces and a line
 * end up to a multiple of 64 bytes, exactly as numpy writes them.
 */
export function encodeNpyHeader(descr: string, shape: readonly number[]): Uint8Array {
  const axes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${axes}), }`;
  const total = Math.ceil((magic.length + 4 + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(total).fill(0x20);
  bytes.set([...magic, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, total - 10, true);
  bytes.set(Buffer.from(text, 'latin1'), 10);
  bytes[total - 1] = 0x0a;
  return bytes;
}

/**
 * Reads a header of version 1, 2 or 3, its keys in any order and its length aligned or not.
 * @param path named in the error
 * @throws AtelierError ARTIFACT_DAMAGED for anything else, and for object and structured dtypes
 */
export function decodeNpyHeader(bytes: Uint8Array, path?: string): NpyHeader {
  const fail = (problem: string) => damagedError(action, path, problem);
  if (bytes.length < 10 || magic.some((byte, i) => bytes[i] !== byte)) {
    throw fail('it does not begin like a .npy file');
  }
  const major = bytes[6] as number;
  if (major < 1 || major > 3) throw fail(`it has .npy version ${major}, and only 1, 2 and 3 are known`);
  const lengthBytes = major === 1 ? 2 : 4;
  const start = 8 + lengthBytes;
  if (bytes.length < start) throw fail('it ends within its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (bytes.length < start + length) throw fail('it ends within its header');
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString(
    major === 3 ? 'utf8' : 'latin1',
  );
  return { ...parseHeader(text, fail), dataOffset: start + length };
}

/** Python's literals, as far as a header can hold them. */
const tokens = /\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(True|False)|(\d+)L?|([{}[\]():,]))/y;

/** Parses the header's Python dictionary: exactly the three keys, each once. */
function parseHeader(text: string, fail: (problem: string) => Error): Omit<NpyHeader, 'dataOffset'> {
  const unreadable = () => fail(`its header cannot be read: ${JSON.stringify(text.trim().slice(0, 200))}`);
  const words = tokenize(text.trimEnd(), unreadable);
  let at = 0;
  const take = (mark: string) => {
    if (words[at]?.mark !== mark) throw unreadable();
    at++;
  };
  const found: { descr?: string; fortranOrder?: boolean; shape?: number[] } = {};
  take('{');
  while (words[at]?.mark !== '}') {
    const key = words[at++]?.text;
    take(':');
    const value = words[at];
    if (key === 'descr' && found.descr === undefined) {
      if (value?.mark === '[') throw fail('it holds a structured dtype, and only plain numbers can be read');
      if (value?.text === undefined) throw unreadable();
      found.descr = value.text;
      at++;
    } else if (key === 'fortran_order' && found.fortranOrder === undefined && value?.flag !== undefined) {
      found.fortranOrder = value.flag;
      at++;
    } else if (key === 'shape' && found.shape === undefined) {
      take('(');
      found.shape = [];
      while (words[at]?.mark !== ')') {
        const axis = words[at++]?.number;
        if (axis === undefined) throw unreadable();
        found.shape.push(axis);
        if (words[at]?.mark !== ')') take(',');
      }
      take(')');
    } else throw unreadable();
    if (words[at]?.mark !== '}') take(',');
  }
  const { descr, fortranOrder, shape } = found;
  if (at !== words.length - 1 || descr === undefined || fortranOrder === undefined || shape === undefined) {
    throw unreadable();
  }
  return { descr, fortranOrder, shape };
}

interface Token {
  text?: string | undefined;
  flag?: boolean | undefined;
  number?: number | undefined;
  mark?: string | undefined;
}

function tokenize(text: string, unreadable: () => Error): Token[] {
  const words: Token[] = [];
  tokens.lastIndex = 0;
  while (tokens.lastIndex < text.length) {
    const match = tokens.exec(text);
    if (match === null) throw unreadable();
    const [, single, double, flag, number, mark] = match;
    words.push({
      text: single ?? double,
      flag: flag === undefined ? undefined : flag === 'True',
      number: number === undefined ? undefined : Number(number),
      mark,
    });
  }
  return words;
}
