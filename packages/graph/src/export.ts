import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AtelierError, messageOf } from '@atelier/core';
import type { LayersModel } from '@tensorflow/tfjs';
import { takeLogits } from './compile.js';
import { inferenceNetwork } from './assemble/inference.js';
import { createGraph, type Graph } from './build/graph.js';
import { cast, typed } from './build/operations.js';
import { savedModelBytes } from './build/saved-model.js';
import type { Tensor } from './build/tensor.js';
import { describeModel } from './model/describe-model.js';
import { emitForward } from './model/network.js';
import { readWeights } from './model/model-weights.js';
import { planSteps } from './model/plan-steps.js';

/** How a finished model is written. */
export interface ExportOptions {
  /** The name of each class, in the order of the model's outputs. */
  readonly classNames: readonly string[];
  /**
   * The type of the pictures that the exported model takes, either way with values as the LayersModel takes them
   * (0 to 255 where it begins with a Rescaling). Default "uint8".
   */
  readonly input?: 'uint8' | 'float32';
  /** States that the model ends without softmax and gives logits; the exported one gives probabilities. */
  readonly fromLogits?: boolean;
  /** Anything else that is to travel with the model, as text. */
  readonly metadata?: string;
}

/** How a finished model is made a graph. */
export type InferenceOptions = Pick<ExportOptions, 'input' | 'fromLogits'>;

/** A finished model as TensorFlow operations with its weights as constants: what the writers of formats start from. */
export interface InferenceGraph {
  readonly graph: Graph;
  /** `images` [batch, height, width, channels]. */
  readonly images: Tensor;
  /** `probabilities`, float32 [batch, classes]. */
  readonly probabilities: Tensor;
  readonly classes: number;
}

/**
 * A finished model for inference as a graph.
 * @throws AtelierError MODEL_UNSUPPORTED naming a layer that cannot be written
 */
export function inferenceGraph(
  model: LayersModel,
  { input = 'uint8', fromLogits = false }: InferenceOptions,
): InferenceGraph {
  const description = describeModel(model);
  const { steps, classes } = takeLogits(description, planSteps(description), fromLogits);
  const weights = readWeights(model);
  const graph = createGraph();
  const images = graph.placeholder('images', input, [null, ...description.inputShape]);
  const network = inferenceNetwork(graph, description, (weight) => {
    const { name, shape } = description.weights[weight]!;
    return graph.constant(weights[weight]!, shape, `weights/${name}`);
  });
  const scores = emitForward(network, steps, cast(graph, images, 'float32')).output;
  const probabilities = typed(graph, ['Softmax', scores], { name: 'probabilities' });
  return { graph, images, probabilities, classes };
}

/**
 * A finished model for inference as the bytes of a `saved_model.pb`: weights as constants, no `variables` folder.
 * Signature `serving_default`: `images` [batch, height, width, channels] -> `probabilities` float32 [batch, classes].
 * Signature `class_names`: nothing -> `class_names` string [classes]. Signature `metadata`, where it is given: nothing
 * -> `metadata`, a string.
 * @throws AtelierError MODEL_UNSUPPORTED naming a layer that cannot be written; CONFIG_INVALID where the names do not
 * fit the classes
 */
export function inferenceSavedModel(model: LayersModel, options: ExportOptions): Uint8Array {
  const { classNames, metadata } = options;
  const { graph, images, probabilities, classes } = inferenceGraph(model, options);
  if (classNames.length !== classes) {
    throw new AtelierError({
      code: 'CONFIG_INVALID',
      action: 'export the model',
      problem: `there are ${classNames.length} class names for ${classes} classes`,
      hint: "Give one name for each of the model's outputs, in their order.",
    });
  }
  const names = graph.constant(classNames, [classes], 'class_names');
  const text = metadata === undefined ? undefined : graph.constant([metadata], [], 'metadata');
  return savedModelBytes(graph, {
    serving_default: { inputs: { images }, outputs: { probabilities } },
    class_names: { inputs: {}, outputs: { class_names: names } },
    ...(text !== undefined && { metadata: { inputs: {}, outputs: { metadata: text } } }),
  });
}

/**
 * Writes {@link inferenceSavedModel} as a SavedModel folder, which `tf.saved_model.load` of Python and
 * `tf.node.loadSavedModel` of tfjs-node read. A file of the same name is replaced whole, never in part.
 * @throws AtelierError as inferenceSavedModel; WRITE_FAILED naming the folder
 */
export async function exportSavedModel(
  model: LayersModel,
  folder: string,
  options: ExportOptions,
): Promise<void> {
  const bytes = inferenceSavedModel(model, options);
  const path = join(folder, 'saved_model.pb');
  const partial = join(folder, `.saved_model.pb.${process.pid}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(partial, bytes);
    await rename(partial, path);
  } catch (error) {
    // what is told is why the writing failed, not why there is nothing to tidy up
    await rm(partial, { force: true }).catch(() => undefined);
    throw new AtelierError({
      code: 'WRITE_FAILED',
      action: 'write the model to',
      path: folder,
      problem: messageOf(error),
      hint: 'Make room there, or choose another folder.',
      cause: error,
    });
  }
}
