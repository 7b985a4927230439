import { compose, crop, flipHorizontal, flipVertical, identity, rotation, translation } from './affine.js';
import { composeAffine, untransformed } from './parameters.js';

const size = { width: 300, height: 200 };
const part = { x: 0.1, y: 0.05, width: 0.8, height: 0.8 };

describe('composeAffine', () => {
  it('is the identity without parts, whatever the contrast', () => {
    expect(composeAffine({ ...untransformed, contrast: { factor: 2 } }, size)).toEqual(identity);
    expect(composeAffine({ ...untransformed, flip: { horizontal: false, vertical: false } }, size)).toEqual(
      identity,
    );
  });

  it('goes flip, rotation, zoom, translation', () => {
    const parameters = {
      ...untransformed,
      flip: { horizontal: true, vertical: true },
      rotation: { degrees: 20 },
      zoom: { crop: part },
      translation: { x: 0.2, y: -0.1 },
    };
    const steps = [
      flipHorizontal(size),
      flipVertical(size),
      rotation(20, size),
      crop(part, size),
      translation({ x: 0.2, y: -0.1 }, size),
    ];
    expect(composeAffine(parameters, size)).toEqual(steps.reduce(compose));
    expect(composeAffine(parameters, size)).not.toEqual(steps.reverse().reduce(compose));
  });

  it('survives JSON', () => {
    const parameters = { ...untransformed, rotation: { degrees: 1 / 3 }, translation: { x: 0.1, y: -0.7 } };
    expect(composeAffine(JSON.parse(JSON.stringify(parameters)) as typeof parameters, size)).toEqual(
      composeAffine(parameters, size),
    );
  });
});
