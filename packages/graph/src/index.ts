/**
 * A tfjs LayersModel as one TensorFlow graph with its training step; SavedModel writer; native session.
 *
 * `compile` reads a model and gives the graph, `openSession` runs it in native TensorFlow (`ensureNative` installs that,
 * `loadBinding` loads it), `learningRateAt` says how fast to go.
 */
export { compile, type CompileOptions, type TrainableGraph } from './compile.js';
export type { Graph } from './build/graph.js';
export type { Shape, Tensor } from './build/tensor.js';
export {
  exportSavedModel,
  inferenceGraph,
  inferenceSavedModel,
  type ExportOptions,
  type InferenceGraph,
  type InferenceOptions,
} from './export.js';
export { supportedLayers } from './layers/registry.js';
export type { LossName } from './losses/cross-entropy.js';
export type { LayerCall, ModelDescription, WeightSpec } from './model/description.js';
export { describeModel } from './model/describe-model.js';
export { readWeights, writeWeights } from './model/model-weights.js';
export type {
  AdamOptions,
  AdamWOptions,
  OptimizerOptions,
  ResolvedOptimizer,
  RmspropOptions,
  SgdOptions,
} from './optimizers/optimizer.js';
export {
  initialPlateau,
  learningRateAt,
  observeLoss,
  type PlateauOptions,
  type PlateauState,
  type ScheduleMoment,
  type ScheduleOptions,
} from './schedules.js';
export { messageCodec, type Field, type MessageCodec, type MessageTable } from './proto/message-table.js';
export { dataTypeNumbers, type AttrValue, type DType, type NodeDef } from './proto/messages.js';
export { bfloat16Problem, thisProcessor, type Processor } from './session/bfloat16.js';
export type { Images, LabelledBatch, Labels } from './session/batch.js';
export {
  openSession,
  type Evaluation,
  type NamedWeight,
  type OptimizerState,
  type StepOutcome,
  type TrainBatch,
  type TrainSession,
} from './session/train-session.js';

export { ensureNative, type EnsureNativeOptions } from './native/ensure-native.js';
export { nativeState, type NativeState } from './native/native-state.js';
export { loadBinding, type NativeBinding, type NativeData, type NativeTensor } from './native/binding.js';
