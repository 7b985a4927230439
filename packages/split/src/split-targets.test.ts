import fc from 'fast-check';
import { SPLITS } from '@atelier/core';
import { splitTargets } from './split-targets.js';

const usual = { train: 0.8, validation: 0.1, test: 0.1 };
const numbers = (count: number, shares = usual) => Object.values(splitTargets(count, shares));

describe('splitTargets', () => {
  it.each([
    [0, [0, 0, 0]],
    [1, [1, 0, 0]],
    [2, [2, 0, 0]],
    [3, [3, 0, 0]],
    [5, [4, 1, 0]],
    [6, [5, 1, 0]],
    [9, [7, 1, 1]],
    [10, [8, 1, 1]],
    [20, [16, 2, 2]],
    [30, [24, 3, 3]],
    [100, [80, 10, 10]],
    [1000, [800, 100, 100]],
  ])('0.8/0.1/0.1 of %i is exactly %j', (count, wanted) => {
    expect(numbers(count)).toEqual(wanted);
  });

  it('goes by the shares, and gives a split without a share nothing', () => {
    expect(numbers(10, { train: 0.5, validation: 0.5, test: 0 })).toEqual([5, 5, 0]);
    expect(numbers(10, { train: 0.7, validation: 0.2, test: 0.1 })).toEqual([7, 2, 1]);
    expect(numbers(1, { train: 0, validation: 0, test: 1 })).toEqual([0, 0, 1]);
    expect(numbers(1, { train: 0.2, validation: 0.5, test: 0.3 })).toEqual([1, 0, 0]);
    expect(numbers(4, { train: 0, validation: 0.5, test: 0.5 })).toEqual([0, 2, 2]);
  });

  const shares = fc
    .tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 }))
    .filter(([a, b]) => a + b <= 100)
    .map(([a, b]) => ({ train: a / 100, validation: b / 100, test: (100 - a - b) / 100 }));

  it('adds up to all, each within 1 of its share', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 5000 }), shares, (count, wanted) => {
        const targets = splitTargets(count, wanted);
        expect(SPLITS.reduce((sum, split) => sum + targets[split], 0)).toBe(count);
        for (const split of SPLITS) {
          expect(Math.abs(targets[split] - wanted[split] * count)).toBeLessThan(1 + 1e-6);
          expect(targets[split]).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  it('is exact wherever the shares come out whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), shares, (hundreds, wanted) => {
        const count = hundreds * 100;
        const targets = splitTargets(count, wanted);
        for (const split of SPLITS) expect(targets[split]).toBe(Math.round(wanted[split] * count));
      }),
    );
  });
});
