import type { Graph } from '../build/graph.js';
import { add, addAll, argMax, cast, reduce, typed } from '../build/operations.js';
import type { Tensor } from '../build/tensor.js';
import { assignVariable, readVariable, whenDone } from '../build/variables.js';
import { emitCrossEntropy, type EmittedLoss } from '../losses/cross-entropy.js';
import { penalty, withPenaltyGradient } from '../losses/regularization.js';
import { emitBackward, emitForward, type Network } from '../model/network.js';
import { planPooling } from '../model/plan-steps.js';
import { clipByGlobalNorm } from '../optimizers/clip.js';
import type { OptimizerRule } from '../optimizers/optimizer.js';
import type { Inputs } from './inputs.js';
import type { TrainableSpec } from './trainable.js';
import type { Variables } from './variables.js';

/** What the training step is written with. */
export interface TrainingParts {
  readonly rule: OptimizerRule;
  readonly variables: Variables;
  readonly inputs: Inputs;
}

/**
 * Emits the training step: forward, loss, backward, update.
 * @returns float32 [3]: the loss, the loss without regularization, the number right; there once all is updated
 */
export function emitTraining(graph: Graph, spec: TrainableSpec, parts: TrainingParts): Tensor {
  const { network, assigned } = trainingNetwork(graph, spec, parts);
  const steps = planPooling(spec.steps);
  const { results, output } = emitForward(network, steps, parts.inputs.float32);
  const logits = cast(graph, output, 'float32');
  const loss = graph.within('loss', () =>
    emitCrossEntropy(graph, { logits, labels: parts.inputs.labels }, spec.loss),
  );
  const backwardStart = graph.nodes.length;
  const gradient = graph.within('gradients/loss', loss.gradient);
  const gradients = finishGradients(
    network,
    emitBackward(network, { steps, results }, cast(graph, gradient, output.dtype)),
    spec,
  );
  const figures = graph.within('result', () => emitFigures(network, logits, loss));
  const updates = graph.within('update', () => [
    ...[...assigned].map(([weight, value]) =>
      assignVariable(graph, parts.variables.weights[weight]!.variable, { value }),
    ),
    ...emitUpdates(network, { gradients, backwardStart }, parts),
  ]);
  return graph.within('result', () => whenDone(graph, updates, { name: 'done', value: figures }));
}

/** A network in training: each weight is read once, and what layers assign waits for the end of the step. */
function trainingNetwork(
  graph: Graph,
  { model, precision }: TrainableSpec,
  { variables, inputs }: TrainingParts,
) {
  const values = new Map<number, Tensor>();
  const assigned = new Map<number, Tensor>();
  const network: Network = {
    graph,
    training: true,
    compute: precision === 'mixed_bfloat16' ? 'bfloat16' : 'float32',
    weights: model.weights,
    read: (weight) => {
      let value = values.get(weight);
      if (value === undefined) {
        const { variable, name } = variables.weights[weight]!;
        value = readVariable(graph, variable, `${name}/read`);
        values.set(weight, value);
      }
      return value;
    },
    assign: (weight, change) => assigned.set(weight, change(assigned.get(weight) ?? network.read(weight))),
    seed: inputs.seed.tensor,
  };
  return { network, assigned };
}

/** The gradients with those of the penalties added, scaled down together where that is asked for. */
function finishGradients(
  { graph, weights, read }: Network,
  gradients: ReadonlyMap<number, Tensor>,
  { globalClipNorm }: TrainableSpec,
): ReadonlyMap<number, Tensor> {
  const regularized = graph.within('gradients/regularization', () => {
    return new Map(
      [...gradients].map(([weight, gradient]) => {
        const { regularizer } = weights[weight]!;
        if (regularizer === undefined) return [weight, gradient];
        return [weight, withPenaltyGradient(graph, { value: read(weight), gradient }, regularizer)];
      }),
    );
  });
  return globalClipNorm === undefined ? regularized : clipByGlobalNorm(graph, regularized, globalClipNorm);
}

function emitUpdates(
  { graph, read }: Network,
  { gradients, backwardStart }: { gradients: ReadonlyMap<number, Tensor>; backwardStart: number },
  { rule, variables, inputs }: TrainingParts,
): Tensor[] {
  return [...gradients].map(([weight, gradient]) => {
    const value = read(weight);
    return rule.apply({
      graph,
      gradient,
      value,
      after: graph.usersOf(value, backwardStart),
      variable: variables.weights[weight]!.variable.handle,
      learningRate: inputs.learningRate,
      slot: (slot) => variables.slot(weight, slot).handle,
      fed: (name) => inputs.fed[name]!,
    });
  });
}

/** The loss, the loss without regularization and the number right, float32 [3]. */
function emitFigures({ graph, weights, read }: Network, logits: Tensor, loss: EmittedLoss): Tensor {
  const dataLoss = loss.mean();
  const penalties = weights.flatMap(({ regularizer, trainable }, weight) =>
    regularizer === undefined || !trainable ? [] : [penalty(graph, read(weight), regularizer)],
  );
  const total = penalties.length === 0 ? dataLoss : add(graph, dataLoss, addAll(graph, penalties));
  const hits = typed(graph, ['Equal', argMax(graph, logits), loss.trueClass()], { dtype: 'bool' });
  const right = reduce(graph, 'Sum', { tensor: cast(graph, hits, 'float32'), axes: [0] });
  return typed(graph, ['Pack', total, dataLoss, right], { attrs: { N: { i: 3n } }, shape: [3] });
}
