import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomic } from '@atelier/artifacts';
import type { LayersModel } from '@tensorflow/tfjs';
import type { ModelMetadata } from '../metadata.js';
import { layersModelFiles, MODEL_FILES } from './layers-format.js';

/**
 * Writes a model into a folder, in the TF.js LayersModel format that `tf.loadLayersModel` reads in browsers too:
 * model.json (topology, weight manifest, and the metadata as userDefinedMetadata) and weights.bin (float32,
 * little-endian); beside them metadata.json, for people and for programs without TF.js. Each file appears whole or
 * not at all; model.json comes last.
 * @param dir the folder, made where it is missing
 */
export async function saveModel(dir: string, model: LayersModel, metadata: ModelMetadata): Promise<void> {
  await mkdir(dir, { recursive: true });
  const { topology, weights } = await layersModelFiles(model, metadata);
  await writeFileAtomic(path.join(dir, MODEL_FILES.weights), weights);
  await writeFileAtomic(path.join(dir, MODEL_FILES.metadata), `${JSON.stringify(metadata, null, 2)}\n`);
  await writeFileAtomic(path.join(dir, MODEL_FILES.topology), topology);
}
