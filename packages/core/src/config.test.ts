import { parseDatasetConfig, withOverrides } from './config.js';
import { datasetJsonSchema } from './config-schema.js';
import { AtelierError } from './errors.js';

const failure = (content: unknown): AtelierError => {
  try {
    parseDatasetConfig(content, 'dataset.json');
  } catch (error) {
    return error as AtelierError;
  }
  throw new Error('it was accepted');
};

describe('parseDatasetConfig', () => {
  it('fills in every default', () => {
    const config = parseDatasetConfig({}, 'dataset.json');
    expect(config.resize).toMatchObject({
      width: 300,
      height: 300,
      fit: 'fill',
      format: 'jpeg',
      quality: 90,
    });
    expect(config.split).toMatchObject({ train: 0.8, validation: 0.1, test: 0.1 });
    expect(config.augment.rotation).toEqual({ probability: 0.5, maxDegrees: 25 });
    expect(config.augment.translation).toEqual({ probability: 0.5, x: 0.3, y: 0.3 });
    expect(config.normalize.dtype).toBe('float32');
    expect(config.train).toMatchObject({ epochs: 20, batchSize: 32 });
  });

  it('gives the same result for its own result', () => {
    const config = parseDatasetConfig({ seed: 7, augment: { zoom: { factor: 0.1 } } }, 'dataset.json');
    expect(parseDatasetConfig(config, 'dataset.json')).toEqual(config);
  });

  it.each([
    [{ augment: { rotaton: {} } }, 'augment.rotaton', 'augment.rotation'],
    [
      { augment: { rotation: { maxDegres: 3 } } },
      'augment.rotation.maxDegres',
      'augment.rotation.maxDegrees',
    ],
    [{ epochs: 3 }, 'epochs', 'train.epochs'],
    [{ resise: {} }, 'resise', 'resize'],
    [{ normalize: { type: 'uint8' } }, 'normalize.type', 'normalize.dtype'],
  ])('names the nearest key of %j', (content, given, nearest) => {
    const error = failure(content);
    expect(error.code).toBe('CONFIG_UNKNOWN_KEY');
    expect(error.exitCode).toBe(2);
    expect(error.message).toContain(`"${given}"`);
    expect(error.message).toContain(`Did you mean "${nearest}"?`);
  });

  it.each([
    [{ resize: { width: 'wide' } }, 'resize.width'],
    [{ split: { train: 0.5 } }, 'split'],
    [{ seed: -1 }, 'seed'],
    [{ augment: { flip: { probability: 1.5 } } }, 'augment.flip.probability'],
    [{ labels: { separator: '-' } }, 'labels.separator'],
    [{ layout: 'split' }, 'layout'],
    [{ layout: 'split/class', labels: { csv: 'labels.csv' } }, 'layout'],
  ])('names the wrong value of %j', (content, key) => {
    const error = failure(content);
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain(`"${key}"`);
  });

  it.each([[null], [[]], ['text'], [4]])('refuses %j', (content) => {
    expect(failure(content).code).toBe('CONFIG_INVALID');
  });
});

describe('withOverrides', () => {
  it('replaces single values and leaves the original alone', () => {
    const content = { train: { epochs: 3 } };
    expect(
      withOverrides(content, ['train.epochs=40', 'resize.fit=cover', 'augment.splits=["train","test"]']),
    ).toEqual({
      train: { epochs: 40 },
      resize: { fit: 'cover' },
      augment: { splits: ['train', 'test'] },
    });
    expect(content).toEqual({ train: { epochs: 3 } });
  });

  it.each(['train.epochs', '=3', 'a..b=1', '__proto__.x=1'])('refuses %s', (override) => {
    expect(() => withOverrides({}, [override])).toThrow(AtelierError);
  });
});

describe('datasetJsonSchema', () => {
  it('describes what may be written: nothing is required, unknown keys are refused', () => {
    const schema = datasetJsonSchema();
    expect(schema['required']).toBeUndefined();
    expect(schema['additionalProperties']).toBe(false);
    expect(JSON.stringify(schema)).toContain('maxDegrees');
  });
});
