import type { Graph } from './build/graph.js';
import { add, addAll, argMax, cast, reduce, typed } from './build/operations.js';
import type { Signature } from './build/saved-model.js';
import type { Tensor } from './build/tensor.js';
import { addVariable, assignVariable, readVariable, whenDone, type Variable } from './build/variables.js';
import { emitCrossEntropy, type EmittedLoss, type LossOptions } from './losses/cross-entropy.js';
import { penalty, withPenaltyGradient } from './losses/regularization.js';
import type { ModelDescription } from './model/description.js';
import { emitBackward, emitForward, type Network } from './model/network.js';
import { hoistMaxPooling, type PlannedStep } from './model/plan-steps.js';
import { clipByGlobalNorm } from './optimizers/clip.js';
import type { OptimizerRule, ResolvedOptimizer } from './optimizers/optimizer.js';
import { optimizerRule } from './optimizers/registry.js';

/** The tensors (`node:index`) to feed and fetch, by what they are for. */
export interface Endpoints {
  /** Pictures as bytes, and the same place for numbers already turned to float32. */
  readonly images: { readonly uint8: string; readonly float32: string };
  readonly labels: string;
  readonly learningRate: string;
  /** int32 [2]; undefined where nothing in the model is random. */
  readonly seed: string | undefined;
  /** The optimizer's other scalars of each step, by name. */
  readonly fed: Readonly<Record<string, string>>;
  /** Runs a training step: float32 [3], the loss, the loss without regularization, the number right. */
  readonly train: string;
  /** Runs without training. */
  readonly perSample: string;
  readonly probabilities: string;
  /** Every variable: the weights in the model's order, then the optimizer's slots. */
  readonly variables: readonly VariableEndpoint[];
}

/** How to write and read one variable. */
export interface VariableEndpoint {
  /** The weight's name, or `weight/slot`. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Feed this and fetch `written` to set it. */
  readonly value: string;
  readonly written: string;
  /** Fetch this to read it. */
  readonly read: string;
}

/** What the graph is made from. */
export interface TrainableSpec {
  readonly model: ModelDescription;
  readonly steps: readonly PlannedStep[];
  /** The step that gives the logits. */
  readonly logits: number;
  readonly loss: LossOptions;
  readonly optimizer: ResolvedOptimizer;
  readonly globalClipNorm: number | undefined;
}

/** Writes the whole graph: variables, the training step, evaluation and prediction. */
export function emitTrainable(
  graph: Graph,
  spec: TrainableSpec,
): { names: Endpoints; signatures: Record<string, Signature> } {
  const rule = optimizerRule(spec.optimizer);
  const variables = emitVariables(graph, spec.model, rule);
  const inputs = emitInputs(graph, spec, rule);
  const train = graph.within('train', () => emitTraining(graph, spec, { rule, variables, inputs }));
  const { perSample, probabilities } = emitInference(graph, spec, { variables, inputs });
  const fetch = (tensor: Tensor) => (tensor.name.includes(':') ? tensor.name : `${tensor.name}:0`);
  const { uint8, float32, labels, learningRate, seed, fed } = inputs;
  const seeds = seed.used ? { seed: seed.tensor() } : {};
  return {
    names: {
      images: { uint8: fetch(uint8), float32: fetch(float32) },
      labels: fetch(labels),
      learningRate: fetch(learningRate),
      seed: seeds.seed && fetch(seeds.seed),
      fed: Object.fromEntries(Object.entries(fed).map(([name, tensor]) => [name, fetch(tensor)])),
      train: fetch(train),
      perSample: fetch(perSample),
      probabilities: fetch(probabilities),
      variables: [...variables.weights, ...variables.slots.values()].map(
        ({ name, variable, ...tensors }) => ({
          name,
          shape: variable.shape,
          value: fetch(tensors.value),
          written: fetch(tensors.written),
          read: fetch(tensors.read),
        }),
      ),
    },
    signatures: {
      train: {
        inputs: { images: uint8, labels, learning_rate: learningRate, ...fed, ...seeds },
        outputs: { result: train },
      },
      evaluate: { inputs: { images: uint8, labels }, outputs: { loss: perSample, probabilities } },
      predict: { inputs: { images: uint8 }, outputs: { probabilities } },
    },
  };
}

interface NamedVariable {
  readonly name: string;
  readonly variable: Variable;
  readonly value: Tensor;
  readonly written: Tensor;
  readonly read: Tensor;
}

interface Variables {
  readonly weights: readonly NamedVariable[];
  /** By `weight/slot`. */
  readonly slots: ReadonlyMap<string, NamedVariable>;
}

const slotName = (weight: string, slot: string) => `${weight}/${slot}`;

function emitVariables(graph: Graph, model: ModelDescription, rule: OptimizerRule): Variables {
  const emit = (name: string, shape: readonly number[]): NamedVariable =>
    graph.within('variables', () => {
      const variable = addVariable(graph, name, shape);
      const value = graph.placeholder(`${name}/value`, 'float32', shape);
      // a copy, so that the variable never lives in the caller's array
      const copy = typed(graph, ['DeepCopy', value], { name: `${name}/copy` });
      const assigned = assignVariable(graph, variable, { value: copy });
      const written = whenDone(graph, [assigned], { name: `${name}/written`, value: graph.scalar(1) });
      return { name, variable, value, written, read: readVariable(graph, variable, `${name}/read`) };
    });
  const slots = new Map<string, NamedVariable>();
  for (const { name, shape, trainable } of model.weights) {
    if (!trainable) continue;
    for (const slot of rule.slots) slots.set(slotName(name, slot), emit(slotName(name, slot), shape));
  }
  return { weights: model.weights.map(({ name, shape }) => emit(name, shape)), slots };
}

interface Inputs {
  readonly uint8: Tensor;
  readonly float32: Tensor;
  readonly labels: Tensor;
  readonly learningRate: Tensor;
  readonly fed: Readonly<Record<string, Tensor>>;
  readonly seed: { readonly used: boolean; tensor(): Tensor };
}

function emitInputs(graph: Graph, { model, loss }: TrainableSpec, rule: OptimizerRule): Inputs {
  const shape = [null, ...model.inputShape];
  const uint8 = graph.placeholder('images', 'uint8', shape);
  const labelShape = loss.name === 'sparseCategoricalCrossentropy' ? [null] : [null, classesOf(model)];
  const fedNames = Object.keys(rule.fedAt(1));
  const seed = graph.placeholder('seed', 'int32', [2]);
  let seedUsed = false;
  return {
    uint8,
    // float pictures are fed in place of this cast's output
    float32: graph.within('images_as', () => cast(graph, uint8, 'float32')),
    labels: graph.placeholder('labels', labelShape.length === 1 ? 'int32' : 'float32', labelShape),
    learningRate: graph.placeholder('learning_rate', 'float32', []),
    fed: Object.fromEntries(fedNames.map((name) => [name, graph.placeholder(name, 'float32', [])])),
    seed: {
      get used() {
        return seedUsed;
      },
      tensor: () => {
        seedUsed = true;
        return seed;
      },
    },
  };
}

const classesOf = (model: ModelDescription) => model.calls.at(-1)!.outputShape[1]!;

interface TrainingParts {
  rule: OptimizerRule;
  variables: Variables;
  inputs: Inputs;
}

/** The training step: forward, loss, backward, update. */
function emitTraining(graph: Graph, spec: TrainableSpec, { rule, variables, inputs }: TrainingParts): Tensor {
  const { model, globalClipNorm } = spec;
  const values = new Map<number, Tensor>();
  const assignments: { weight: number; value: Tensor }[] = [];
  const network: Network = {
    graph,
    training: true,
    weights: model.weights,
    read: (weight) => {
      let value = values.get(weight);
      if (value === undefined) {
        const { variable, name } = variables.weights[weight]!;
        value = graph.within('weights', () => readVariable(graph, variable, name));
        values.set(weight, value);
      }
      return value;
    },
    assign: (weight, value) => assignments.push({ weight, value }),
    seed: inputs.seed.tensor,
  };
  // a frozen model's softmax stays where it is: only the steps up to the logits are trained
  const steps = hoistMaxPooling(spec.steps);
  const forward = emitForward(network, steps, inputs.float32);
  const logits = forward.output(spec.logits);
  const loss = graph.within('loss', () =>
    emitCrossEntropy(graph, { logits, labels: inputs.labels }, spec.loss),
  );
  const gradient = graph.within('gradients/loss', loss.gradient);
  const raw = emitBackward(network, { steps, results: forward.results }, { from: spec.logits, gradient });
  const regularized = graph.within('gradients/regularization', () => addPenalties(network, raw));
  const gradients =
    globalClipNorm === undefined ? regularized : clipByGlobalNorm(graph, regularized, globalClipNorm);
  const updates = graph.within('update', () => [
    ...assignments.map(({ weight, value }) =>
      assignVariable(graph, variables.weights[weight]!.variable, { value }),
    ),
    ...[...gradients].map(([weight, weightGradient]) =>
      rule.apply({
        graph,
        variable: variables.weights[weight]!.variable.handle,
        value: network.read(weight),
        gradient: weightGradient,
        learningRate: inputs.learningRate,
        slot: (slot) => variables.slots.get(slotName(model.weights[weight]!.name, slot))!.variable.handle,
        fed: (name) => inputs.fed[name]!,
        // every use of the old value is over then, so that the update works in place
        after: [],
      }),
    ),
  ]);
  return graph.within('result', () => emitResult(network, { logits, loss, updates }));
}

/** Adds the penalties' gradients to those of the regularized weights that are trained. */
function addPenalties(network: Network, gradients: Map<number, Tensor>): Map<number, Tensor> {
  const { graph, weights } = network;
  return new Map(
    [...gradients].map(([weight, gradient]) => {
      const { regularizer } = weights[weight]!;
      if (regularizer === undefined) return [weight, gradient];
      return [weight, withPenaltyGradient(graph, { value: network.read(weight), gradient }, regularizer)];
    }),
  );
}

/** [loss, loss without regularization, number right], there only once all updates are done. */
function emitResult(
  { graph, weights, read }: Network,
  { logits, loss, updates }: { logits: Tensor; loss: EmittedLoss; updates: readonly Tensor[] },
): Tensor {
  const dataLoss = loss.mean();
  const penalties = weights.flatMap(({ regularizer, trainable }, weight) =>
    regularizer === undefined || !trainable ? [] : [penalty(graph, read(weight), regularizer)],
  );
  const total = penalties.length === 0 ? dataLoss : add(graph, dataLoss, addAll(graph, penalties));
  const hits = typed(graph, ['Equal', argMax(graph, logits), loss.trueClass()], { dtype: 'bool' });
  const right = reduce(graph, 'Sum', { tensor: cast(graph, hits, 'float32'), axes: [0] });
  const packed = typed(graph, ['Pack', total, dataLoss, right], { attrs: { N: { i: 3n } }, shape: [3] });
  return whenDone(graph, updates, { name: 'done', value: packed });
}

/** Evaluation and prediction, with the layers as they are in inference. */
function emitInference(
  graph: Graph,
  { model, steps, logits, loss }: TrainableSpec,
  { variables, inputs }: { variables: Variables; inputs: Inputs },
): { perSample: Tensor; probabilities: Tensor } {
  const network = inferenceNetwork(graph, model, (weight) => variables.weights[weight]!.read);
  return graph.within('predict', () => {
    const scores = emitForward(network, steps.slice(0, logits + 1), inputs.float32).output(logits);
    return {
      probabilities: typed(graph, ['Softmax', scores], { name: 'probabilities' }),
      perSample: graph.within(
        'loss',
        () => emitCrossEntropy(graph, { logits: scores, labels: inputs.labels }, loss).perSample,
      ),
    };
  });
}

/** A network that is only run forwards. */
export function inferenceNetwork(
  graph: Graph,
  model: ModelDescription,
  read: (weight: number) => Tensor,
): Network {
  const never = () => {
    throw new Error('inference neither assigns weights nor draws random numbers');
  };
  return { graph, training: false, weights: model.weights, read, assign: never, seed: never };
}
