import fc from 'fast-check';
import { channelMoments } from './channel-moments.js';

describe('channelMoments', () => {
  it('are the means of the values and of their squares, in [0, 1]', () => {
    const { channelMean, channelMeanSquare } = channelMoments(Uint8Array.of(255, 0, 51, 255, 255, 51));
    expect(channelMean).toEqual([1, 0.5, 0.2]);
    expect(channelMeanSquare[0]).toBe(1);
    expect(channelMeanSquare[1]).toBe(0.5);
    expect(channelMeanSquare[2]).toBeCloseTo(0.04, 12);
  });

  it('give the standard deviation of any pixels', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 50 }), (values) => {
        const { channelMean, channelMeanSquare } = channelMoments(
          Uint8Array.from(values.flatMap((v) => [v, 0, v])),
        );
        const mean = values.reduce((sum, v) => sum + v / 255, 0) / values.length;
        const variance = values.reduce((sum, v) => sum + (v / 255 - mean) ** 2, 0) / values.length;
        expect(channelMeanSquare[0] - channelMean[0] ** 2).toBeCloseTo(variance, 10);
        expect(channelMean[2]).toBe(channelMean[0]);
        expect(channelMean[1]).toBe(0);
      }),
    );
  });
});
