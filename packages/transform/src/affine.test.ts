import fc from 'fast-check';
import {
  compose,
  crop,
  flipHorizontal,
  flipVertical,
  identity,
  rotation,
  translation,
  type Affine,
} from './affine.js';

const size = { width: 300, height: 200 };
const at = ([a, b, c, d, e, f]: Affine, x: number, y: number) => [a * x + b * y + c, d * x + e * y + f];
const close = (actual: readonly number[], expected: readonly number[]) =>
  actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i] as number, 6));

const number = fc.double({ min: -3, max: 3, noNaN: true });
const affine = fc.tuple(number, number, number, number, number, number) as fc.Arbitrary<Affine>;

describe('compose', () => {
  it('finds what the second finds, in what the first finds', () => {
    fc.assert(
      fc.property(fc.tuple(affine, affine), fc.tuple(number, number), ([first, second], [x, y]) => {
        const [betweenX, betweenY] = at(second, x, y) as [number, number];
        close(at(compose(first, second), x, y), at(first, betweenX, betweenY));
      }),
    );
  });

  it('is associative, with the identity on both sides', () => {
    fc.assert(
      fc.property(affine, affine, affine, (a, b, c) => {
        close(compose(compose(a, b), c), compose(a, compose(b, c)));
        close(compose(identity, a), a);
        close(compose(a, identity), a);
      }),
    );
  });
});

describe('each affine says where an output pixel comes from', () => {
  it('flips end to end', () => {
    expect(at(flipHorizontal(size), 0, 7)).toEqual([299, 7]);
    expect(at(flipVertical(size), 7, 0)).toEqual([7, 199]);
  });

  it('rotates counter-clockwise about the centre, which stays', () => {
    const quarter = rotation(90, { width: 300, height: 300 });
    close(at(quarter, 0, 0), [299, 0]); // the top left comes from the top right
    close(at(quarter, 0, 299), [0, 0]);
    fc.assert(
      fc.property(fc.double({ min: -360, max: 360, noNaN: true }), (degrees) => {
        close(at(rotation(degrees, size), 149.5, 99.5), [149.5, 99.5]);
        close(compose(rotation(degrees, size), rotation(-degrees, size)), identity);
      }),
    );
  });

  it('crops from outer edge to outer edge', () => {
    const half = crop({ x: 0.5, y: 0.25, width: 0.5, height: 0.5 }, size);
    expect(at(half, -0.5, -0.5)).toEqual([149.5, 49.5]);
    expect(at(half, 299.5, 199.5)).toEqual([299.5, 149.5]);
    expect(crop({ x: 0, y: 0, width: 1, height: 1 }, size)).toEqual(identity);
  });

  it('translates right and down by fractions of width and height', () => {
    close(at(translation({ x: 0.1, y: -0.1 }, size), 130, 30), [100, 50]);
  });
});
