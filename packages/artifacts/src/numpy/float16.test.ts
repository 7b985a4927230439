import fc from 'fast-check';
import { runPython } from '@atelier/readers';
import { float16Bits, float16Value, fromFloat16, toFloat16 } from './float16.js';

/** numpy's own answers, for float32 values given by their bits. */
function numpyBits(float32Bits: readonly number[]): number[] {
  return runPython(
    `
import numpy
numpy.seterr(over="ignore")
RESULT = numpy.array(ARGS, dtype="<u4").view("<f4").astype("<f2").view("<u2")`,
    float32Bits,
  ) as number[];
}

const fromBits = (bits: Uint32Array) => new Float32Array(bits.buffer);

describe('toFloat16', () => {
  it('rounds every kind of float32 as numpy does', () => {
    // each exponent with fractions around every tie: at the last kept bit, half a unit, and one float32 step beside it
    const bits: number[] = [];
    for (let exponent = 0; exponent < 255; exponent++) {
      for (const fraction of [
        0, 1, 0xfff, 0x1000, 0x1001, 0x1fff, 0x2000, 0x3000, 0x3001, 0x400000, 0x7fefff, 0x7ff000, 0x7fffff,
      ]) {
        const magnitude = exponent * 2 ** 23 + fraction;
        bits.push(magnitude, magnitude + 2 ** 31);
      }
    }
    // subnormal results: all ties and their neighbours
    for (let unit = 0; unit < 1024; unit++) {
      const tie = new Uint32Array(Float32Array.of((unit + 0.5) * 2 ** -24).buffer)[0] as number;
      bits.push(tie - 1, tie, tie + 1);
    }
    bits.push(0x7f800000, 0xff800000);
    expect([...toFloat16(fromBits(Uint32Array.from(bits)))]).toEqual(numpyBits(bits));
  });

  it('rounds arbitrary float32 as numpy does', () => {
    const isNumber = (bits: number) => (bits & 0x7fffffff) <= 0x7f800000;
    const samples = fc.sample(fc.nat(2 ** 32 - 1).filter(isNumber), { numRuns: 5_000, seed: 16 });
    expect([...toFloat16(fromBits(Uint32Array.from(samples)))]).toEqual(numpyBits(samples));
  });

  it('is undone exactly by fromFloat16, for all 65,536', () => {
    const all = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits);
    const values = fromFloat16(all);
    const isNaN16 = (bits: number) => (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0;
    expect([...toFloat16(values)]).toEqual([...all].map((bits) => (isNaN16(bits) ? 0x7e00 : bits)));
    const numpys = runPython(`
import numpy
RESULT = numpy.arange(65536, dtype="<u4").astype("<u2").view("<f2").astype("<f4").view("<u4")`) as number[];
    const own = new Uint32Array(values.buffer);
    expect(numpys.every((bits, i) => isNaN16(i) || bits === own[i])).toBe(true);
    expect(Number.isNaN(values[0x7c01])).toBe(true);
  });

  it('has the values that the format defines', () => {
    expect([0, 14336, 15360, 0x7bff, 0x0001, 0xfc00].map(float16Value)).toEqual([
      0,
      0.5,
      1,
      65504,
      2 ** -24,
      -Infinity,
    ]);
    expect([0, 0.5, 1, 65504, 65519.99, 65520].map(float16Bits)).toEqual([
      0, 14336, 15360, 0x7bff, 0x7bff, 0x7c00,
    ]);
    expect(float16Bits(NaN)).toBe(0x7e00);
    expect(Object.is(float16Value(0x8000), -0)).toBe(true);
  });
});
