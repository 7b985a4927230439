/** IEEE 754 binary16 as the bits in a Uint16Array: Node 20 has no Float16Array. */

const floatScratch = new Float32Array(1);
const bitsScratch = new Uint32Array(floatScratch.buffer);

/**
 * The binary16 nearest to a float32, ties to even, as numpy's `astype('float16')` rounds. Beyond 65,504 by half a
 * unit or more is infinity; every NaN becomes 0x7e00.
 * @param value a number that float32 can hold; any other is rounded to float32 first
 * @returns the 16 bits, 0 … 65,535
 */
export function float16Bits(value: number): number {
  floatScratch[0] = value;
  const bits = bitsScratch[0] as number;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return 0x7e00;
  if (magnitude >= 0x47800000) return sign | 0x7c00; // 65,536 and more
  if (magnitude >= 0x38800000) {
    // normal: move the exponent's bias from 127 to 15, then drop 13 bits of the fraction; a carry is right as it is
    const moved = magnitude - 0x38000000;
    return sign | ((moved + 0xfff + ((moved >>> 13) & 1)) >>> 13);
  }
  // subnormal: the fraction with its leading one, counted in units of 2^-24
  const shift = 126 - (magnitude >>> 23);
  if (shift > 24) return sign; // less than half a unit
  const fraction = (magnitude & 0x7fffff) | 0x800000;
  const units = fraction >>> shift;
  const rest = fraction & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  const roundUp = rest > half || (rest === half && (units & 1) === 1);
  return sign | (units + (roundUp ? 1 : 0));
}

/** The number that 16 bits of binary16 stand for; exact. */
export function float16Value(bits: number): number {
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * {@link float16Bits} of every element.
 * @param target where the bits go; at least as long as `source`
 */
export function toFloat16(source: Float32Array, target = new Uint16Array(source.length)): Uint16Array {
  for (let i = 0; i < source.length; i++) target[i] = float16Bits(source[i] as number);
  return target;
}

let valueTable: Float32Array | undefined;

/**
 * {@link float16Value} of every element, by a table of all 65,536.
 * @param target where the values go; at least as long as `source`
 */
export function fromFloat16(source: Uint16Array, target = new Float32Array(source.length)): Float32Array {
  valueTable ??= Float32Array.from({ length: 0x10000 }, (_, bits) => float16Value(bits));
  for (let i = 0; i < source.length; i++) target[i] = valueTable[source[i] as number] as number;
  return target;
}
