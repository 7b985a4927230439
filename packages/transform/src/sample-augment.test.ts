import { parseDatasetConfig, randomStream } from '@atelier/core';
import { sampleAugment, type AugmentOptions } from './sample-augment.js';

const options: AugmentOptions = {
  flip: { probability: 0.5, horizontal: true, vertical: true },
  rotation: { probability: 0.5, maxDegrees: 25 },
  zoom: { probability: 0.5, factor: 0.2 },
  translation: { probability: 0.5, x: 0.3, y: 0.2 },
  contrast: { probability: 0.5, max: 0.2 },
};
const always: AugmentOptions = {
  flip: { ...options.flip, probability: 1 },
  rotation: { ...options.rotation, probability: 1 },
  zoom: { ...options.zoom, probability: 1 },
  translation: { ...options.translation, probability: 1 },
  contrast: { ...options.contrast, probability: 1 },
};
const count = 3000;
const draw = (from: AugmentOptions) => {
  const random = randomStream(7, ['augment']);
  return Array.from({ length: count }, () => sampleAugment(from, random));
};

/** All within [low, high], and from end to end of it. */
function expectRange(values: readonly number[], low: number, high: number): void {
  const slack = (high - low) * 0.01;
  const [least, most] = [Math.min(...values), Math.max(...values)];
  expect(least).toBeGreaterThanOrEqual(low);
  expect(least).toBeLessThan(low + slack);
  expect(most).toBeLessThanOrEqual(high);
  expect(most).toBeGreaterThan(high - slack);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(Math.abs(mean - (low + high) / 2)).toBeLessThan((high - low) * 0.03);
}

describe('sampleAugment', () => {
  it('takes the augment part of dataset.json as it is', () => {
    expect(() =>
      sampleAugment(parseDatasetConfig({}, 'dataset.json').augment, randomStream(1, ['augment', 'a'])),
    ).not.toThrow();
  });

  it('gives the same transform for the same stream, another for another', () => {
    const [a, b] = [
      sampleAugment(always, randomStream(1, ['x'])),
      sampleAugment(always, randomStream(1, ['x'])),
    ];
    expect(a).toEqual(b);
    expect(sampleAugment(always, randomStream(1, ['y']))).not.toEqual(a);
    expect(sampleAugment(always, randomStream(2, ['x']))).not.toEqual(a);
  });

  it('stays in its ranges and fills them', () => {
    const drawn = draw(always);
    expectRange(
      drawn.map((d) => d.rotation?.degrees as number),
      -25,
      25,
    );
    expectRange(
      drawn.map((d) => d.zoom?.crop.width as number),
      0.8,
      1,
    );
    expectRange(
      drawn.map((d) => d.translation?.x as number),
      -0.3,
      0.3,
    );
    expectRange(
      drawn.map((d) => d.translation?.y as number),
      -0.2,
      0.2,
    );
    expectRange(
      drawn.map((d) => d.contrast?.factor as number),
      0.8,
      1.2,
    );
    for (const { zoom } of drawn) {
      const { x, y, width, height } = (zoom as NonNullable<typeof zoom>).crop;
      expect(height).toBe(width);
      expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
      expect(Math.max(x, y)).toBeLessThanOrEqual(1 - width);
    }
  });

  it('crops anywhere in the picture, across as independently as down', () => {
    const crops = draw(always).map((d) => (d.zoom as NonNullable<typeof d.zoom>).crop);
    const places = crops.filter((c) => c.width < 0.95).map((c) => [c.x / (1 - c.width), c.y / (1 - c.width)]);
    for (const axis of [0, 1])
      expectRange(
        places.map((place) => place[axis] as number),
        0,
        1,
      );
    const product = places.reduce((sum, [x, y]) => sum + ((x as number) - 0.5) * ((y as number) - 0.5), 0);
    expect(Math.abs(product / places.length)).toBeLessThan(0.01);
  });

  it.each([0, 0.3, 1])('applies each part with its own probability %d, independently', (probability) => {
    for (const part of ['flip', 'rotation', 'zoom', 'translation', 'contrast'] as const) {
      const drawn = draw({ ...options, [part]: { ...options[part], probability } });
      const share = (name: typeof part) => drawn.filter((d) => d[name] !== null).length / count;
      expect(Math.abs(share(part) - probability)).toBeLessThan(probability % 1 === 0 ? 1e-9 : 0.03);
      const other = part === 'flip' ? 'contrast' : 'flip';
      expect(Math.abs(share(other) - 0.5)).toBeLessThan(0.03);
    }
  });

  it('flips along one axis or both, each as often, and only along allowed ones', () => {
    const kinds = draw(always).map((d) => JSON.stringify(d.flip));
    for (const [horizontal, vertical] of [
      [true, false],
      [false, true],
      [true, true],
    ]) {
      const share = kinds.filter((kind) => kind === JSON.stringify({ horizontal, vertical })).length / count;
      expect(Math.abs(share - 1 / 3)).toBeLessThan(0.03);
    }
    const only = (horizontal: boolean, vertical: boolean) =>
      new Set(
        draw({ ...always, flip: { probability: 1, horizontal, vertical } }).map((d) =>
          JSON.stringify(d.flip),
        ),
      );
    expect([...only(true, false)]).toEqual(['{"horizontal":true,"vertical":false}']);
    expect([...only(false, true)]).toEqual(['{"horizontal":false,"vertical":true}']);
    expect([...only(false, false)]).toEqual(['null']);
  });

  it('draws the other parts alike when one part has another range or probability', () => {
    const before = draw(options);
    const changes: Partial<AugmentOptions>[] = [
      { flip: { probability: 1, horizontal: true, vertical: false } },
      { rotation: { probability: 0, maxDegrees: 90 } },
      { zoom: { probability: 0.9, factor: 0.5 } },
      { translation: { probability: 0.1, x: 0, y: 1 } },
      { contrast: { probability: 1, max: 0.9 } },
    ];
    for (const change of changes) {
      const part = Object.keys(change)[0] as keyof AugmentOptions;
      const after = draw({ ...options, ...change });
      expect(after.map((d) => ({ ...d, [part]: null }))).toEqual(before.map((d) => ({ ...d, [part]: null })));
      expect(after).not.toEqual(before);
    }
  });
});
