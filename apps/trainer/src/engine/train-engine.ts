import type { DatasetConfig } from '@atelier/core';
import type { LayersModel } from '@tensorflow/tfjs';

/** Labelled pictures that go through the model together. */
export interface EngineBatch {
  /** uint8 [size, height, width, channels], 0-255; may lie in shared memory, and is not kept. */
  readonly pixels: Uint8Array;
  /** int32 [size], class indices. */
  readonly labels: Int32Array;
}

/** What else a training step depends on. */
export interface TrainStep {
  readonly learningRate: number;
  /** Unsigned 32 bits: the randomness of dropout in this step. */
  readonly seed: number;
}

/** What a training step saw, before its update. */
export interface StepResult {
  /** Mean over the pictures of class weight x cross-entropy; not finite where the step has spoilt the weights. */
  readonly loss: number;
  /** Pictures whose likeliest class was theirs. */
  readonly correct: number;
}

/** What the model says about a labelled batch. */
export interface Evaluation {
  /** float32 [size, classes]. */
  readonly probabilities: Float32Array;
  /** float32 [size], cross-entropy of each picture (label smoothing included, class weights not). */
  readonly losses: Float32Array;
}

/** A tensor as plain data. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: Float32Array;
}

/** Everything a training step changes: enough to go on from it bit for bit. */
export interface EngineState {
  /** The model's weights, by their names in model.json. */
  readonly weights: readonly NamedTensor[];
  /** The optimizer's own variables. */
  readonly slots: readonly NamedTensor[];
  /** Updates made so far. */
  readonly iterations: number;
}

/** What an engine trains with. */
export interface EngineOptions {
  readonly optimizer: DatasetConfig['train']['optimizer'];
  readonly globalClipNorm: number | null;
  readonly labelSmoothing: number;
  /** Of the products of a training step; evaluation is always float32. */
  readonly precision: DatasetConfig['train']['precision'];
  /** float32 [classes]: how much a picture of each class counts in the training loss; null = all alike. */
  readonly classWeights: Float32Array | null;
}

/**
 * Runs a TF.js LayersModel: the one thing the trainer knows of TensorFlow. The loss is the cross-entropy of the logits
 * (a final softmax is not applied twice), the optimizers are Keras'. All implementations pass one contract test.
 */
export interface TrainEngine {
  readonly name: 'graph' | 'layers';
  /** For people: what runs and on what, "graph (TensorFlow 2.21.0)". */
  readonly description: string;
  /** Library name -> version, kept with the model. */
  readonly versions: Readonly<Record<string, string>>;
  /** One update. @throws AtelierError INPUT_INVALID for labels outside 0 … classes-1, shapes that do not fit. */
  train(batch: EngineBatch, step: TrainStep): Promise<StepResult>;
  /** No update; dropout is off. */
  evaluate(batch: EngineBatch): Promise<Evaluation>;
  /** uint8 [count, height, width, channels] -> float32 [count, classes]. */
  predict(pixels: Uint8Array, count: number): Promise<Float32Array>;
  readState(): Promise<EngineState>;
  /** @throws AtelierError ARTIFACT_DAMAGED where the state is not of this model and optimizer. */
  writeState(state: EngineState): Promise<void>;
  /** The weights alone, without the optimizer's variables. */
  readWeights(): Promise<readonly NamedTensor[]>;
  /** Sets the weights alone. @throws AtelierError ARTIFACT_DAMAGED where they are not of this model. */
  writeWeights(weights: readonly NamedTensor[]): Promise<void>;
  /** Frees everything that the engine holds; the model stays its owner's. */
  dispose(): void;
}

/** What an engine is made from. */
export interface EngineInput {
  /** Its weights are where training starts. Its last layer gives probabilities by softmax. */
  readonly model: LayersModel;
  readonly options: EngineOptions;
}

/** For a model that is only evaluated or asked: an optimizer without variables of its own. */
export const inferenceOptions: EngineOptions = {
  optimizer: { name: 'sgd', learningRate: 0.01, momentum: 0, nesterov: false },
  globalClipNorm: null,
  labelSmoothing: 0,
  precision: 'float32',
  classWeights: null,
};
