import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { AtelierError, messageOf } from '@atelier/core';
import type { io, LayersModel } from '@tensorflow/tfjs';
import { loadTfjs } from '../load-tfjs.js';
import { parseModelMetadata, type ModelMetadata } from '../metadata.js';
import { MODEL_FILES } from './layers-format.js';

/** A model and what must be known to use it. */
export interface LoadedModel {
  readonly model: LayersModel;
  readonly metadata: ModelMetadata;
}

/**
 * Reads a model that `saveModel` wrote: it needs the folder only, not the dataset, and no layer beyond TF.js's own.
 * @throws AtelierError MODEL_INVALID where a file is missing, cut, not a layers model, or holds other layers
 */
export async function loadModel(dir: string): Promise<LoadedModel> {
  const file = path.join(dir, MODEL_FILES.topology);
  const json = parse(await read(file), file);
  const weights = await read(path.join(dir, MODEL_FILES.weights));
  const specs = (json.weightsManifest ?? []).flatMap((group) => group.weights);
  checkSize(weights, { specs, path: path.join(dir, MODEL_FILES.weights) });
  const tf = await loadTfjs();
  const artifacts = {
    modelTopology: json.modelTopology,
    weightSpecs: specs,
    weightData: weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.byteLength),
    ...(json.userDefinedMetadata === undefined ? {} : { userDefinedMetadata: json.userDefinedMetadata }),
  } as io.ModelArtifacts;
  let model: LayersModel;
  try {
    model = await tf.loadLayersModel(tf.io.fromMemory(artifacts));
  } catch (error) {
    throw invalid(file, messageOf(error), error);
  }
  const outputs = model.outputs[0]?.shape.at(-1);
  return { model, metadata: parseModelMetadata(json.userDefinedMetadata, file, outputs ?? undefined) };
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw invalid(file, messageOf(error), error);
  }
}

function parse(bytes: Buffer, file: string): Partial<io.ModelJSON> {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw invalid(file, `it is not JSON (${messageOf(error)})`, error);
  }
  if (typeof json === 'object' && json !== null && 'modelTopology' in json)
    return json as Partial<io.ModelJSON>;
  throw invalid(file, 'it is not a TF.js layers model');
}

/** Four bytes for each element of each shape; two where the weights are stored as float16. */
function checkSize(
  weights: Uint8Array,
  expected: { specs: readonly io.WeightsManifestEntry[]; path: string },
): void {
  const sizes = expected.specs.map(
    ({ shape, quantization }) =>
      shape.reduce((product, side) => product * side, 1) * (quantization?.dtype === 'float16' ? 2 : 4),
  );
  const sizeBytes = sizes.reduce((sum, size) => sum + size, 0);
  if (weights.byteLength === sizeBytes) return;
  throw invalid(expected.path, `it has ${weights.byteLength} bytes, model.json declares ${sizeBytes}`);
}

function invalid(file: string, problem: string, cause?: unknown): AtelierError {
  return new AtelierError({
    code: 'MODEL_INVALID',
    action: 'load the model',
    path: file,
    problem,
    hint: 'Copy the whole run folder again, or train the model again.',
    cause,
  });
}
