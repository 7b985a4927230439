import { toFloat16 } from '@atelier/artifacts';
import type { io, LayersModel } from '@tensorflow/tfjs';
import { loadTfjs } from '../load-tfjs.js';
import type { ModelMetadata } from '../metadata.js';

/** The files of a TF.js LayersModel. */
export const MODEL_FILES = {
  topology: 'model.json',
  weights: 'weights.bin',
  metadata: 'metadata.json',
} as const;

/** A model in the TF.js LayersModel format that `tf.loadLayersModel` reads in Node and in browsers. */
export interface LayersModelFiles {
  /** model.json: topology, manifest of the weights, and the metadata as userDefinedMetadata. */
  readonly topology: string;
  /** weights.bin, little-endian. */
  readonly weights: Uint8Array;
}

/**
 * Writes a model in TF.js' own format, in memory.
 * @param dtype of the stored weights; TF.js makes float32 of float16 when it loads them
 */
export async function layersModelFiles(
  model: LayersModel,
  metadata: ModelMetadata,
  dtype: 'float32' | 'float16' = 'float32',
): Promise<LayersModelFiles> {
  const tf = await loadTfjs();
  model.setUserDefinedMetadata({ ...metadata });
  let files: LayersModelFiles | undefined;
  const keep = async (artifacts: io.ModelArtifacts): Promise<io.SaveResult> => {
    const weights = tf.io.CompositeArrayBuffer.join(artifacts.weightData);
    const specs = artifacts.weightSpecs ?? [];
    files =
      dtype === 'float32'
        ? { topology: modelJson(artifacts, specs), weights: new Uint8Array(weights) }
        : { topology: modelJson(artifacts, specs.map(asFloat16)), weights: float16Bytes(weights) };
    // a fixed date: the same model gives the same answer
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
  };
  await model.save(tf.io.withSaveHandler(keep));
  return files as LayersModelFiles;
}

const asFloat16 = (spec: io.WeightsManifestEntry): io.WeightsManifestEntry => ({
  ...spec,
  quantization: { dtype: 'float16', original_dtype: 'float32' } as Quantization,
});

type Quantization = NonNullable<io.WeightsManifestEntry['quantization']>;

function float16Bytes(weights: ArrayBuffer): Uint8Array {
  const { buffer, byteOffset, byteLength } = toFloat16(new Float32Array(weights));
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function modelJson(artifacts: io.ModelArtifacts, weights: readonly io.WeightsManifestEntry[]): string {
  return JSON.stringify({
    format: 'layers-model',
    generatedBy: artifacts.generatedBy ?? '',
    convertedBy: null,
    modelTopology: artifacts.modelTopology as object,
    weightsManifest: [{ paths: [MODEL_FILES.weights], weights }],
    userDefinedMetadata: artifacts.userDefinedMetadata ?? {},
  });
}
