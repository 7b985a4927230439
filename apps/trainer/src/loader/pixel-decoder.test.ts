import { toFloat16 } from '@atelier/artifacts';
import fc from 'fast-check';
import { pixelDecoder } from './pixel-decoder.js';

const everyPixel = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
const channel = fc.tuple(...Array.from({ length: 3 }, () => fc.double({ min: 0, max: 1, noNaN: true })));
const deviation = fc.tuple(...Array.from({ length: 3 }, () => fc.double({ min: 0.05, max: 1, noNaN: true })));

describe('pixelDecoder', () => {
  it.each(['float32', 'float16'] as const)('recovers every pixel from %s', (dtype) => {
    fc.assert(
      fc.property(fc.option(fc.tuple(channel, deviation)), (statistics) => {
        const [mean, std] = statistics ?? [null, null];
        const values = Float32Array.from(
          everyPixel,
          (pixel, i) => (pixel / 255 - (mean?.[i % 3] ?? 0)) / (std?.[i % 3] ?? 1),
        );
        const decoded = new Uint8Array(768);
        pixelDecoder({ dtype, mean, std })(dtype === 'float16' ? toFloat16(values) : values, decoded);
        expect(Buffer.from(decoded).equals(everyPixel)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('passes uint8 through, whatever the statistics are', () => {
    const decoded = new Uint8Array(768);
    pixelDecoder({ dtype: 'uint8', mean: [0.5, 0.5, 0.5], std: [0.1, 0.1, 0.1] })(everyPixel, decoded);
    expect(decoded).toEqual(everyPixel);
  });
});
