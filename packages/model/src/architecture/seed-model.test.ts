import { loadTfjs } from '../load-tfjs.js';
import { seedModel, type SeedModelOptions } from './seed-model.js';

const options: SeedModelOptions = {
  shape: [20, 24, 3],
  classes: 5,
  network: { filters: [4, 8], dropout: 0.2, denseUnits: 16 },
  standardize: null,
  seed: 1,
};
const values = async (given: Partial<SeedModelOptions> = {}) => {
  const model = await seedModel({ ...options, ...given });
  const found = model.getWeights().map((weight) => Array.from(weight.dataSync()));
  model.dispose();
  return found;
};

describe('seedModel', () => {
  it("is the notebook's network", async () => {
    const network = { filters: [16, 32, 64], dropout: 0.2, denseUnits: 128 };
    const model = await seedModel({ ...options, shape: [24, 28, 3], network });
    const layers = model.layers.map((layer) => [layer.getClassName(), layer.outputShape]);
    expect(layers).toEqual([
      ['Rescaling', [null, 24, 28, 3]],
      ['Conv2D', [null, 24, 28, 16]],
      ['MaxPooling2D', [null, 12, 14, 16]],
      ['Conv2D', [null, 12, 14, 32]],
      ['MaxPooling2D', [null, 6, 7, 32]],
      ['Conv2D', [null, 6, 7, 64]],
      ['MaxPooling2D', [null, 3, 3, 64]],
      ['Dropout', [null, 3, 3, 64]],
      ['Flatten', [null, 3 * 3 * 64]],
      ['Dense', [null, 128]],
      ['Dense', [null, 5]],
    ]);
    expect(model.countParams()).toBe(448 + 4640 + 18496 + (3 * 3 * 64 + 1) * 128 + 129 * 5);
    model.dispose();
  });

  it('starts as Keras does, the same for the same seed', async () => {
    const [kernel = [], bias = []] = await values();
    const limit = Math.sqrt(6 / (9 * 3 + 9 * 4));
    expect(Math.max(...kernel.map(Math.abs))).toBeLessThanOrEqual(limit);
    expect(Math.max(...kernel)).toBeGreaterThan(limit * 0.9);
    expect(Math.min(...kernel)).toBeLessThan(limit * -0.9);
    expect(Math.abs(kernel.reduce((a, b) => a + b) / kernel.length)).toBeLessThan(limit * 0.2);
    expect(bias).toEqual([0, 0, 0, 0]);
    expect(await values()).toEqual(await values());
    expect((await values({ seed: 2 }))[0]).not.toEqual(kernel);
  });

  it('takes pixels and gives probabilities, dropping nothing', async () => {
    const tf = await loadTfjs();
    const model = await seedModel(options);
    const pixels = tf.tensor4d(
      Array.from({ length: 2 * 20 * 24 * 3 }, (_, i) => i % 256),
      [2, 20, 24, 3],
    );
    const ask = () => Array.from((model.predict(pixels) as typeof pixels).dataSync());
    expect(
      ask()
        .slice(0, 5)
        .reduce((a, b) => a + b),
    ).toBeCloseTo(1, 5);
    expect(ask()).toEqual(ask());
    model.dispose();
  });

  it('standardizes by layers of its own that are not trained', async () => {
    const tf = await loadTfjs();
    const standardize = { mean: [0.2, 0.5, 0.7], std: [0.1, 0.25, 0.05] };
    const model = await seedModel({ ...options, standardize });
    expect(model.layers[1]?.trainable).toBe(false);
    expect(model.trainableWeights.map((weight) => weight.originalName)).not.toContain('standardize/gamma');
    const pixels = tf.tensor4d([0, 100, 255], [1, 1, 1, 3]);
    const out = model.layers.slice(0, 2).reduce((x, layer) => layer.apply(x) as typeof x, pixels);
    const expected = [0, 100 / 255, 1].map(
      (value, c) => (value - standardize.mean[c]!) / standardize.std[c]!,
    );
    out.dataSync().forEach((value, c) => expect(value).toBeCloseTo(expected[c]!, 4));
    model.dispose();
  });

  it.each([
    [{ shape: [3, 20, 3] }, /pictures of 20x3 pixels vanish in 2 poolings.* at least 4/],
    [{ classes: 0 }, /there are 0 classes/],
    [{ standardize: { mean: [0, 0, 0], std: [1, 0, 1] } }, /a standard deviation is 0/],
    [{ standardize: { mean: [0, 0, 0], std: [1, NaN, 1] } }, /a standard deviation is NaN/],
  ] as const)('refuses %j', async (given, message) => {
    await expect(seedModel({ ...options, ...given } as SeedModelOptions)).rejects.toThrow(message);
  });
});
