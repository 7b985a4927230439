import { datasetJsonSchema } from './config-schema.js';
import { parseDatasetConfig } from './config.js';

const train = (given: unknown) => parseDatasetConfig({ train: given }, 'dataset.json').train;

describe('the train part of dataset.json', () => {
  it("has the notebook's network and settings as its defaults", () => {
    expect(train({})).toMatchObject({
      epochs: 20,
      batchSize: 32,
      model: { filters: [16, 32, 64], dropout: 0.2, denseUnits: 128 },
      optimizer: { name: 'rmsprop', learningRate: 0.001, rho: 0.9, momentum: 0.1, epsilon: 1e-7 },
      schedule: { name: 'constant' },
      augment: { rotation: 0.25, zoom: 0.2, translation: { height: 0.3, width: 0.2 }, contrast: 0.2 },
    });
  });

  it.each([
    [
      { name: 'sgd', momentum: 0.9 },
      { name: 'sgd', learningRate: 0.01, momentum: 0.9, nesterov: false },
    ],
    [
      { name: 'adamw' },
      { name: 'adamw', learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weightDecay: 0.004 },
    ],
    [{ learningRate: 0.01 }, { name: 'rmsprop', learningRate: 0.01, rho: 0.9, momentum: 0.1, epsilon: 1e-7 }],
  ])('resolves the optimizer %j to its own options', (given, expected) => {
    expect(train({ optimizer: given }).optimizer).toEqual(expected);
  });

  it('reads its own resolved settings again', () => {
    const resolved = train({ optimizer: { name: 'adam' }, schedule: { name: 'cosine', warmupEpochs: 2 } });
    expect(train(resolved)).toEqual(resolved);
  });

  it.each([
    [
      { optimizer: { name: 'adam', momentum: 0.9 } },
      /"train.optimizer.momentum" is 0.9: adam has no such option/,
    ],
    [{ schedule: { patience: 3 } }, /"train.schedule.patience" is 3: constant has no such option/],
    [{ optimizer: { name: 'rmsprob' } }, /"train.optimizer.name" is "rmsprob"/],
  ])('refuses %j', (given, message) => {
    expect(() => train(given)).toThrow(message);
  });

  it('names the nearest key for a misspelled one', () => {
    expect(() => train({ optimizer: { lerningRate: 1 } })).toThrow(
      /Did you mean "train.optimizer.learningRate"/,
    );
  });

  it('shows its options in the JSON schema', () => {
    const schema = JSON.stringify(datasetJsonSchema());
    for (const option of ['weightDecay', 'warmupEpochs', 'everyEpochs'])
      expect(schema).toContain(`"${option}"`);
  });
});
