import { describeModel, inferenceGraph, inferenceSavedModel, readWeights } from '@atelier/graph';
import { kerasModel } from '../keras/keras-model.js';
import { encodeKeras } from '../keras/keras-archive.js';
import { encodeOnnx, onnxModel } from '../onnx/onnx-model.js';
import type { ModelMetadata } from '../metadata.js';
import { layersModelFiles, MODEL_FILES } from '../storage/layers-format.js';
import type { LoadedModel } from '../storage/load-model.js';
import { graphModel } from '../tfjs-graph/graph-model.js';
import type { ExportFormatName } from './format-names.js';

/** A file of an export, by its name in the export's folder. */
export interface ExportFile {
  readonly name: string;
  readonly bytes: Uint8Array | string;
}

/** What pictures the exported model takes; their values are 0-255 and unscaled in all formats. */
export interface ExportedInput {
  readonly name: string | null;
  readonly dtype: 'uint8' | 'float32';
}

/** A format that a trained model can be written in. */
export interface ExportFormat {
  readonly title: string;
  /** The file to open. */
  readonly main: string;
  readonly input: ExportedInput;
  /**
   * Decides how the model is written, and refuses what cannot be; nothing is written yet.
   * @returns gives the files, the main one last
   * @throws AtelierError MODEL_UNSUPPORTED naming the layer
   */
  plan(model: LoadedModel): () => Promise<readonly ExportFile[]>;
}

const float32: ExportedInput = { name: null, dtype: 'float32' };
const named = (dtype: ExportedInput['dtype']): ExportedInput => ({ name: 'images', dtype });

const layersFormat = (title: string, dtype: 'float32' | 'float16'): ExportFormat => ({
  title,
  main: MODEL_FILES.topology,
  input: float32,
  plan:
    ({ model, metadata }) =>
    async () => {
      const { topology, weights } = await layersModelFiles(model, metadata, dtype);
      return [
        { name: MODEL_FILES.weights, bytes: weights },
        { name: MODEL_FILES.topology, bytes: topology },
      ];
    },
});

/** Every format, by the name that `--format` takes. */
export const EXPORT_FORMATS: Readonly<Record<ExportFormatName, ExportFormat>> = {
  tfjs: layersFormat('TF.js LayersModel', 'float32'),
  'tfjs-float16': layersFormat('TF.js LayersModel, weights in float16', 'float16'),
  'tfjs-graph': {
    title: 'TF.js graph model',
    main: MODEL_FILES.topology,
    input: named('float32'),
    plan({ model, metadata }) {
      const { weights, weightSpecs, ...rest } = graphModel(inferenceGraph(model, { input: 'float32' }));
      const json = {
        format: 'graph-model',
        generatedBy: 'TensorFlow graph of Atelier',
        convertedBy: 'Atelier',
        ...rest,
        weightsManifest: [{ paths: [MODEL_FILES.weights], weights: weightSpecs }],
        userDefinedMetadata: metadata,
      };
      return async () => [
        { name: MODEL_FILES.weights, bytes: weights },
        { name: MODEL_FILES.topology, bytes: JSON.stringify(json) },
      ];
    },
  },
  savedmodel: {
    title: 'TensorFlow SavedModel',
    main: 'saved_model.pb',
    input: named('uint8'),
    plan({ model, metadata }) {
      const bytes = inferenceSavedModel(model, {
        classNames: metadata.classNames,
        metadata: JSON.stringify(metadata),
      });
      return async () => [{ name: 'saved_model.pb', bytes }];
    },
  },
  onnx: {
    title: 'ONNX, operator set 17, IR version 8',
    main: 'model.onnx',
    input: named('uint8'),
    plan({ model, metadata }) {
      const onnx = onnxModel(inferenceGraph(model, {}), {
        name: metadata.runId,
        metadata: metadataTexts(metadata),
      });
      return async () => [{ name: 'model.onnx', bytes: encodeOnnx(onnx) }];
    },
  },
  keras: {
    title: 'Keras v3',
    main: 'model.keras',
    input: named('float32'),
    plan({ model, metadata }) {
      const description = describeModel(model);
      const keras = kerasModel(description);
      const shapes = description.weights.map(({ shape }) => shape);
      return async () => {
        const bytes = await encodeKeras(keras, { weights: readWeights(model), shapes, metadata });
        return [{ name: 'model.keras', bytes }];
      };
    },
  },
};

/** What ONNX keeps as texts: the most needed by names of their own, and everything as JSON under "atelier". */
function metadataTexts(metadata: ModelMetadata): Record<string, string> {
  const { classNames, input, resize, normalize } = metadata;
  return {
    class_names: JSON.stringify(classNames),
    input_size: JSON.stringify([input.height, input.width, input.channels]),
    value_range: JSON.stringify(input.valueRange),
    preprocessing: JSON.stringify({ resize, normalize }),
    atelier: JSON.stringify(metadata),
  };
}
