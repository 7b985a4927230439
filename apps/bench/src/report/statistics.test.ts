import fc from 'fast-check';
import { runPython } from '@atelier/readers';
import { compareRounds, median, quantile } from './statistics.js';

const durations = fc.array(fc.double({ min: 0.01, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 40 });

describe('median and quantile', () => {
  it('are the middle, or the mean of the two middle ones', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([7])).toBe(7);
  });

  it('do not depend on the order, and lie within the numbers', () => {
    fc.assert(
      fc.property(durations, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
        const found = quantile(values, share);
        expect(found).toBe(quantile(values.toReversed(), share));
        expect(found).toBeGreaterThanOrEqual(Math.min(...values));
        expect(found).toBeLessThanOrEqual(Math.max(...values));
      }),
    );
  });

  it('leave the array as it is', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it('are what numpy says', () => {
    const cases = fc.sample(durations, { numRuns: 20, seed: 1 });
    const script =
      'import numpy\nRESULT = [[numpy.quantile(c, q) for q in (0, 0.25, 0.5, 0.75, 1)] for c in ARGS]';
    const numpy = runPython(script, cases) as number[][];
    cases.forEach((values, i) => {
      [0, 0.25, 0.5, 0.75, 1].forEach((share, j) => {
        const wanted = numpy[i]![j]!;
        expect(Math.abs(quantile(values, share) - wanted)).toBeLessThanOrEqual(1e-12 * wanted);
      });
    });
  });
});

describe('compareRounds', () => {
  it('compares medians, and tells the extremes of single rounds', () => {
    const found = compareRounds([[10, 11, 12], [20]], [[20, 22, 24], [20]]);
    expect(found.ratio).toBeCloseTo(11.5 / 21, 12);
    expect([found.low, found.high]).toEqual([0.5, 1]);
  });

  it('of something with itself is 1', () => {
    fc.assert(
      fc.property(fc.array(durations, { minLength: 1, maxLength: 5 }), (rounds) => {
        expect(compareRounds(rounds, rounds)).toEqual({ ratio: 1, low: 1, high: 1 });
      }),
    );
  });
});
