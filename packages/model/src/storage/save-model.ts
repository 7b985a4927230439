import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomic } from '@atelier/artifacts';
import type { io, LayersModel } from '@tensorflow/tfjs';
import { loadTfjs } from '../load-tfjs.js';
import type { ModelMetadata } from '../metadata.js';

/** The files of a saved model. */
export const MODEL_FILES = {
  topology: 'model.json',
  weights: 'weights.bin',
  metadata: 'metadata.json',
} as const;

/**
 * Writes a model into a folder, in the TF.js LayersModel format that `tf.loadLayersModel` reads in browsers too:
 * model.json (topology, weight manifest, and the metadata as userDefinedMetadata) and weights.bin (float32,
 * little-endian); beside them metadata.json, for people and for programs without TF.js. Each file appears whole or
 * not at all; model.json comes last.
 * @param dir the folder, made where it is missing
 */
export async function saveModel(dir: string, model: LayersModel, metadata: ModelMetadata): Promise<void> {
  const tf = await loadTfjs();
  await mkdir(dir, { recursive: true });
  model.setUserDefinedMetadata({ ...metadata });
  const write = async (artifacts: io.ModelArtifacts): Promise<io.SaveResult> => {
    const weights = tf.io.CompositeArrayBuffer.join(artifacts.weightData);
    await writeFileAtomic(path.join(dir, MODEL_FILES.weights), new Uint8Array(weights));
    await writeFileAtomic(path.join(dir, MODEL_FILES.metadata), `${JSON.stringify(metadata, null, 2)}\n`);
    await writeFileAtomic(path.join(dir, MODEL_FILES.topology), JSON.stringify(modelJson(artifacts)));
    // a fixed date: the same model gives the same answer
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
  };
  await model.save(tf.io.withSaveHandler(write));
}

function modelJson(artifacts: io.ModelArtifacts): io.ModelJSON {
  return {
    format: 'layers-model',
    generatedBy: artifacts.generatedBy ?? '',
    convertedBy: null,
    modelTopology: artifacts.modelTopology as object,
    weightsManifest: [{ paths: [MODEL_FILES.weights], weights: artifacts.weightSpecs ?? [] }],
    userDefinedMetadata: artifacts.userDefinedMetadata ?? {},
  } as io.ModelJSON;
}
