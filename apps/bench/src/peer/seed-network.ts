import { parseDatasetConfig, type DatasetConfig } from '@atelier/core';
import { seedModel } from '@atelier/model';
import type { LayersModel } from '@tensorflow/tfjs';

/** The defaults of dataset.json's train part: the seed's training. */
export const seedTraining: DatasetConfig['train'] = parseDatasetConfig({}, 'dataset.json').train;

/** The seed's network for pictures of this size, with its starting weights. */
export function seedNetwork(size: { height: number; width: number; classes: number }): Promise<LayersModel> {
  return seedModel({
    shape: [size.height, size.width, 3],
    classes: size.classes,
    network: seedTraining.model,
    standardize: null,
    seed: 1,
  });
}
