import type { ModelMetadata } from '../metadata.js';
import { encodeHdf5 } from './hdf5.js';
import type { KerasModel } from './keras-model.js';

/** The version of Keras whose format is written. */
const KERAS_VERSION = '3.15.1';

/** The members of a `.keras` file. */
export const KERAS_MEMBERS = {
  metadata: 'metadata.json',
  config: 'config.json',
  weights: 'model.weights.h5',
} as const;

/** The first moment that a zip can name, by its fields: the same in every time zone. */
const epoch = () => new Date(1980, 0, 1);

/**
 * The bytes of a `.keras` file: a zip of metadata.json (Keras' own, and what Atelier must know of the model under
 * "atelier", which Keras does not look at), config.json and model.weights.h5.
 * @param weights in the order of `LayersModel.getWeights()`
 */
export async function encodeKeras(
  { config, variables }: KerasModel,
  of: {
    weights: readonly Float32Array[];
    shapes: readonly (readonly number[])[];
    metadata: ModelMetadata;
  },
): Promise<Uint8Array> {
  const { zipSync } = await import('fflate');
  const groups = variables.map(({ group, layerName, weights }) => ({
    group,
    name: layerName,
    arrays: weights.map((index) => ({ values: of.weights[index]!, shape: of.shapes[index]! })),
  }));
  const metadata = {
    keras_version: KERAS_VERSION,
    date_saved: '1980-01-01@00:00:00',
    atelier: of.metadata,
  };
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  return zipSync(
    {
      [KERAS_MEMBERS.metadata]: json(metadata),
      [KERAS_MEMBERS.config]: json(config),
      [KERAS_MEMBERS.weights]: await encodeHdf5(groups),
    },
    { level: 0, mtime: epoch() },
  );
}
