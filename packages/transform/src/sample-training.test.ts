import { parseDatasetConfig, randomStream } from '@atelier/core';
import type { TransformParameters } from './parameters.js';
import { sampleTraining, type TrainingOptions } from './sample-training.js';

const options: TrainingOptions = {
  flip: 'horizontal_and_vertical',
  rotation: 0.25,
  zoom: 0.2,
  translation: { height: 0.3, width: 0.2 },
  contrast: 0.1,
};
const count = 3000;
const draw = (from: TrainingOptions) => {
  const random = randomStream(3, ['train']);
  return Array.from({ length: count }, () => sampleTraining(from, random));
};
const range = (values: readonly number[]) => [Math.min(...values), Math.max(...values)] as const;

describe('sampleTraining', () => {
  it('takes the train.augment part of dataset.json as it is, with the ranges of the design', () => {
    const { augment } = parseDatasetConfig({}, 'dataset.json').train;
    expect(augment).toMatchObject({ ...options, contrast: 0.2 });
    expect(sampleTraining(augment as TrainingOptions, randomStream(1, ['a'])).contrast).not.toBeNull();
  });

  it.each([
    ['rotation', [-90, 90], (d: TransformParameters) => d.rotation?.degrees],
    ['zoom', [0.8, 1.2], (d: TransformParameters) => d.zoom?.crop.width],
    ['x', [-0.2, 0.2], (d: TransformParameters) => d.translation?.x],
    ['y', [-0.3, 0.3], (d: TransformParameters) => d.translation?.y],
    ['contrast', [0.9, 1.1], (d: TransformParameters) => d.contrast?.factor],
  ] as const)('%s is uniform in %o', (_name, [low, high], of) => {
    const values = draw(options).map((d) => of(d) as number);
    const [least, most] = range(values);
    expect(least).toBeGreaterThanOrEqual(low);
    expect(least - low).toBeLessThan((high - low) * 0.01);
    expect(most).toBeLessThanOrEqual(high);
    expect(high - most).toBeLessThan((high - low) * 0.01);
    const mean = values.reduce((sum, value) => sum + value, 0) / count;
    expect(Math.abs(mean - (low + high) / 2)).toBeLessThan((high - low) * 0.03);
  });

  it('zooms about the centre, keeping the aspect', () => {
    for (const { zoom } of draw(options).slice(0, 100)) {
      const { x, y, width, height } = (zoom as NonNullable<typeof zoom>).crop;
      expect(height).toBe(width);
      expect(x + width / 2).toBeCloseTo(0.5, 12);
      expect(y + height / 2).toBeCloseTo(0.5, 12);
    }
  });

  it('tosses a coin for each allowed axis', () => {
    const shares = (flip: TrainingOptions['flip']) => {
      const flips = draw({ ...options, flip }).map((d) => d.flip ?? { horizontal: false, vertical: false });
      const share = (test: (f: { horizontal: boolean; vertical: boolean }) => boolean) =>
        flips.filter(test).length / count;
      return [share((f) => f.horizontal), share((f) => f.vertical), share((f) => f.horizontal && f.vertical)];
    };
    const close = (actual: readonly number[], expected: readonly number[]) =>
      actual.forEach((value, i) => expect(Math.abs(value - (expected[i] as number))).toBeLessThan(0.03));
    close(shares('horizontal_and_vertical'), [0.5, 0.5, 0.25]);
    close(shares('horizontal'), [0.5, 0, 0]);
    close(shares('vertical'), [0, 0.5, 0]);
    close(shares('none'), [0, 0, 0]);
  });

  it('leaves out a part of range 0 and draws the others alike', () => {
    const before = draw(options);
    const changes: [keyof TrainingOptions, Partial<TrainingOptions>][] = [
      ['flip', { flip: 'none' }],
      ['rotation', { rotation: 0 }],
      ['zoom', { zoom: 0 }],
      ['translation', { translation: { height: 0, width: 0 } }],
      ['contrast', { contrast: 0 }],
    ];
    for (const [part, change] of changes) {
      const after = draw({ ...options, ...change });
      expect(new Set(after.map((d) => d[part]))).toEqual(new Set([null]));
      expect(after.map((d) => ({ ...d, [part]: null }))).toEqual(before.map((d) => ({ ...d, [part]: null })));
    }
  });
});
