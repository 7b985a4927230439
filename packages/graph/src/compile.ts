import { AtelierError } from '@atelier/core';
import type { LayersModel } from '@tensorflow/tfjs';
import { emitTrainable, type Endpoints } from './assemble/trainable.js';
import { createGraph } from './build/graph.js';
import { savedModelBytes } from './build/saved-model.js';
import { describeModel } from './model/describe-model.js';
import type { ModelDescription } from './model/description.js';
import { unsupported } from './model/description.js';
import { planSteps, type PlannedStep } from './model/plan-steps.js';
import { readWeights } from './model/model-weights.js';
import type { LossName, LossOptions } from './losses/cross-entropy.js';
import type { OptimizerOptions, ResolvedOptimizer } from './optimizers/optimizer.js';
import { resolveOptimizer } from './optimizers/registry.js';

/** How a model is to be trained. */
export interface CompileOptions {
  /** The optimizer by name, with options where they differ from Keras' defaults. */
  readonly optimizer: OptimizerOptions;
  /** Default "sparseCategoricalCrossentropy": labels are class indices. */
  readonly loss?: LossName;
  /** Share in [0, 1) of each label spread evenly over all classes; default 0. */
  readonly labelSmoothing?: number;
  /** Weight of each class in the loss, by class index (Keras' `class_weight`); default all alike. */
  readonly classWeights?: readonly number[];
  /** Gradients are scaled down together to at most this L2 norm (Keras' `global_clipnorm`); default never. */
  readonly globalClipNorm?: number;
  /**
   * "mixed_bfloat16" computes the products of convolutions and dense layers of the training step in bfloat16, with
   * weights, updates and everything else in float32 (Micikevicius et al. 2018, Keras' policy of that name); for CPUs
   * that have such instructions. Default "float32".
   */
  readonly precision?: 'float32' | 'mixed_bfloat16';
  /**
   * States that the model ends without softmax and gives logits. Default false: it must end in a softmax, whose
   * input the loss takes.
   */
  readonly fromLogits?: boolean;
}

/**
 * A model with its training step as one TensorFlow graph: plain data that may be kept, or posted to a worker thread,
 * and opened there with `openSession`.
 */
export interface TrainableGraph {
  readonly model: ModelDescription;
  readonly classes: number;
  readonly loss: LossName;
  readonly optimizer: ResolvedOptimizer;
  readonly precision: 'float32' | 'mixed_bfloat16';
  /** The graph, as the bytes of a `saved_model.pb`. */
  readonly savedModel: Uint8Array;
  /** The tensors to feed and fetch. */
  readonly endpoints: Endpoints;
  /** The weights as they were in the model, in the order of `LayersModel.getWeights()`. */
  readonly initialWeights: readonly Float32Array[];
}

/**
 * Compiles a tfjs LayersModel and its training step into one TensorFlow graph. The model is read, not changed, and
 * needs not be compiled for tfjs.
 * @throws AtelierError MODEL_UNSUPPORTED naming what of the model cannot be compiled; CONFIG_INVALID for options that
 * mean nothing
 */
export function compile(model: LayersModel, options: CompileOptions): TrainableGraph {
  const description = describeModel(model);
  const steps = planSteps(description);
  const head = takeLogits(description, steps, options.fromLogits ?? false);
  if (!description.weights.some(({ trainable }) => trainable)) {
    throw unsupported(`model "${description.name}"`, 'has no weights to train');
  }
  const optimizer = resolveOptimizer(options.optimizer);
  const loss = resolveLoss(options, head.classes);
  const { precision = 'float32' } = options;
  if (precision !== 'float32' && precision !== 'mixed_bfloat16') {
    throw invalid(`the precision "${String(precision)}" is none of float32, mixed_bfloat16`);
  }
  const graph = createGraph();
  const { endpoints, signatures } = emitTrainable(graph, {
    model: description,
    steps: head.steps,
    classes: head.classes,
    loss,
    optimizer,
    precision,
    globalClipNorm: positive('globalClipNorm', options.globalClipNorm),
  });
  return {
    model: description,
    classes: head.classes,
    loss: loss.name,
    optimizer,
    precision,
    savedModel: savedModelBytes(graph, signatures),
    endpoints,
    initialWeights: readWeights(model),
  };
}

/** The steps up to the logits: all of them, or all but a final softmax. */
export function takeLogits(model: ModelDescription, steps: readonly PlannedStep[], fromLogits: boolean) {
  const last = steps.at(-1);
  const shape = model.calls.at(-1)!.outputShape;
  const what = `model "${model.name}"`;
  if (last === undefined) throw unsupported(what, 'computes nothing');
  if (shape.length !== 2)
    throw unsupported(what, `gives outputs of ${shape.length - 1} axes, not one row of classes`);
  const softmax = last.step.kind === 'softmax';
  if (softmax && fromLogits) throw unsupported(what, 'ends in a softmax, so its outputs are no logits');
  if (!softmax && !fromLogits) {
    throw unsupported(what, 'does not end in a softmax (state fromLogits where its outputs are logits)');
  }
  // what a final softmax takes is the step before it: the steps follow the output's inputs
  return { steps: softmax ? steps.slice(0, -1) : steps, classes: shape[1]! };
}

function resolveLoss(options: CompileOptions, classes: number): LossOptions {
  const { loss = 'sparseCategoricalCrossentropy', labelSmoothing = 0, classWeights } = options;
  if (loss !== 'sparseCategoricalCrossentropy' && loss !== 'categoricalCrossentropy') {
    throw invalid(
      `the loss "${String(loss)}" is none of sparseCategoricalCrossentropy, categoricalCrossentropy`,
    );
  }
  if (!(labelSmoothing >= 0 && labelSmoothing < 1))
    throw invalid(`labelSmoothing is ${labelSmoothing}, not in [0, 1)`);
  if (classWeights !== undefined) {
    if (classWeights.length !== classes) {
      throw invalid(`there are ${classWeights.length} classWeights for ${classes} classes`);
    }
    const bad = classWeights.findIndex((weight) => !(Number.isFinite(weight) && weight >= 0));
    if (bad >= 0)
      throw invalid(`the weight of class ${bad} is ${classWeights[bad]}, not a finite number of at least 0`);
  }
  return { name: loss, labelSmoothing, classWeights };
}

function positive(name: string, value: number | undefined): number | undefined {
  if (value !== undefined && !(Number.isFinite(value) && value > 0)) {
    throw invalid(`${name} is ${value}, not a finite number above 0`);
  }
  return value;
}

function invalid(problem: string): AtelierError {
  return new AtelierError({
    code: 'CONFIG_INVALID',
    action: 'compile the model for training',
    problem,
    hint: 'Correct the option of compile().',
  });
}
