import fc from 'fast-check';
import { binary, binaryWidth, countByClass, oneHot } from './label-files.js';

const rowsOf = (indices: readonly number[]) => indices.map((classIndex) => ({ classIndex }));

describe('encodings', () => {
  it('one-hot: one 1 per row, in the column of the class', () => {
    expect([...oneHot(rowsOf([2, 0, 1]), 4)]).toEqual([0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0]);
  });

  it('binary: the index in base 2, highest bit first', () => {
    expect([...binary(rowsOf([0, 1, 5, 6]), 3)]).toEqual([0, 0, 0, 0, 0, 1, 1, 0, 1, 1, 1, 0]);
  });

  it.each([
    [1, 1],
    [2, 1],
    [3, 2],
    [4, 2],
    [5, 3],
    [1000, 10],
    [1024, 10],
    [1025, 11],
  ])('%i classes need %i bits', (classes, bits) => {
    expect(binaryWidth(classes)).toBe(bits);
  });

  it('each encoding tells all classes apart', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), (classes) => {
        const rows = rowsOf(Array.from({ length: classes }, (_, i) => i));
        const bits = binaryWidth(classes);
        const codes = binary(rows, bits);
        const texts = rows.map((_, i) => codes.subarray(i * bits, (i + 1) * bits).join(''));
        expect(texts.map((text) => Number.parseInt(text, 2))).toEqual(
          rows.map(({ classIndex }) => classIndex),
        );
        const hot = oneHot(rows, classes);
        rows.forEach((_, i) => expect(hot.subarray(i * classes, (i + 1) * classes).indexOf(1)).toBe(i));
      }),
      { numRuns: 30 },
    );
  });

  it('counts the pictures of each class, the empty ones too', () => {
    expect(countByClass(rowsOf([2, 0, 2]), 4)).toEqual([1, 0, 2, 0]);
  });
});
