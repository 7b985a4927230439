import fc from 'fast-check';
import { permutation, philox4x32, randomStream } from './random.js';

const hex = (words: Uint32Array) => [...words].map((w) => w.toString(16).padStart(8, '0')).join(' ');

describe('philox4x32', () => {
  // the known-answer tests of Random123 (kat_vectors, philox4x32 10)
  it.each([
    [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      '408f276d 41c83b0e a20bc7c6 6d5451fd',
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      'd16cfe09 94fdcceb 5001e420 24126ea1',
    ],
  ] as const)('counter %p, key %p', (counter, key, expected) => {
    expect(hex(philox4x32([...counter], [...key]))).toBe(expected);
  });
});

describe('randomStream', () => {
  it('depends on the seed and on every part of the path', () => {
    const first = (seed: number, ...path: string[]) => randomStream(seed, path).uint32();
    const values = [
      first(1, 'a', 'b'),
      first(2, 'a', 'b'),
      first(1, 'a', 'c'),
      first(1, 'ab'),
      first(1, 'a', 'b', ''),
    ];
    expect(new Set(values).size).toBe(values.length);
    expect(first(1, 'a', 'b')).toBe(values[0]);
  });

  it('goes on where a position says', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(50), (before, after) => {
        const whole = randomStream(7, ['x']);
        for (let i = 0; i < before; i++) whole.uint32();
        const resumed = randomStream(7, ['x'], whole.position());
        for (let i = 0; i < after; i++) expect(resumed.uint32()).toBe(whole.uint32());
      }),
    );
  });

  it('is uniform: mean, variance and bounds of 20,000 draws', () => {
    const stream = randomStream(3, ['uniform']);
    const draws = Array.from({ length: 20_000 }, () => stream.next());
    const mean = draws.reduce((s, v) => s + v, 0) / draws.length;
    const variance = draws.reduce((s, v) => s + (v - mean) ** 2, 0) / draws.length;
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...draws)).toBeLessThan(1);
    expect(mean).toBeCloseTo(0.5, 2);
    expect(variance).toBeCloseTo(1 / 12, 2);
  });

  it('draws integers below a bound, each as likely', () => {
    const stream = randomStream(4, ['below']);
    const counts = new Array<number>(6).fill(0);
    for (let i = 0; i < 12_000; i++) counts[stream.below(6)]! += 1;
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
  });

  it('decides by probability: never at 0, always at 1', () => {
    const stream = randomStream(5, ['chance']);
    for (let i = 0; i < 500; i++) {
      expect(stream.chance(0)).toBe(false);
      expect(stream.chance(1)).toBe(true);
    }
  });
});

describe('permutation', () => {
  it('holds every number once', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(), (count, seed) => {
        const order = permutation(count, randomStream(seed, ['order']));
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
      }),
    );
  });

  it('is another one for another seed', () => {
    const order = (seed: number) => [...permutation(50, randomStream(seed, ['order']))];
    expect(order(1)).not.toEqual(order(2));
    expect(order(1)).toEqual(order(1));
  });
});
