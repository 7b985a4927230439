import { compile, loadBinding, openSession, type TrainSession } from '@atelier/graph';
import { AtelierError } from '@atelier/core';
import { checkBatch } from './check-batch.js';
import type {
  EngineBatch,
  EngineInput,
  EngineState,
  NamedTensor,
  StepResult,
  TrainEngine,
} from './train-engine.js';

/**
 * Trains by one TensorFlow graph per step (packages/graph), in native TensorFlow.
 * @throws AtelierError NATIVE_UNAVAILABLE where that is not installed, MODEL_UNSUPPORTED naming the layer that cannot be
 * compiled
 */
export async function graphEngine({ model, options }: EngineInput): Promise<TrainEngine> {
  const { optimizer, globalClipNorm, labelSmoothing, precision, classWeights } = options;
  const binding = loadBinding();
  const graph = compile(model, {
    optimizer,
    labelSmoothing,
    precision,
    ...(globalClipNorm === null ? {} : { globalClipNorm }),
    ...(classWeights === null ? {} : { classWeights: Array.from(classWeights) }),
  });
  const session = openSession(graph, binding);
  const shape = { picture: graph.model.inputShape, classes: graph.classes };
  const checked = (batch: EngineBatch) => ({
    images: batch.pixels,
    labels: batch.labels,
    count: checkBatch(batch, shape),
  });
  const weightNames = graph.model.weights.map(({ name }) => name);
  return {
    name: 'graph',
    description: `graph (native TensorFlow ${binding.TF_Version})`,
    versions: { tensorflow: binding.TF_Version },
    train: async (batch, { learningRate, seed }) =>
      trainStep(() => session.trainStep({ ...checked(batch), learningRate, seed })),
    evaluate: async (batch) => {
      const { perSample, probabilities } = session.evaluate(checked(batch));
      return { losses: perSample, probabilities };
    },
    predict: async (pixels, count) => session.predict(pixels, count),
    readState: async () => readState(session),
    writeState: async ({ weights, slots, iterations }) => {
      orDamaged(() => {
        session.setWeights(inOrder(weightNames, weights));
        session.setState({
          step: iterations,
          slots: Object.fromEntries(slots.map(({ name, values }) => [name, values])),
        });
      });
    },
    readWeights: async () => session.getWeights(),
    writeWeights: async (weights) => orDamaged(() => session.setWeights(inOrder(weightNames, weights))),
    dispose: () => session.dispose(),
  };
}

/** A step that has spoilt the weights answers with a loss that is not finite; whoever trains says what was lost. */
function trainStep(step: () => { dataLoss: number; correct: number }): StepResult {
  try {
    const { dataLoss, correct } = step();
    return { loss: dataLoss, correct };
  } catch (error) {
    if (error instanceof AtelierError && error.code === 'TRAINING_FAILED') return { loss: NaN, correct: 0 };
    throw error;
  }
}

function readState(session: TrainSession): EngineState {
  const { step, slots } = session.getState();
  return {
    weights: session.getWeights(),
    slots: Object.entries(slots).map(([name, values]) => ({ name, shape: [values.length], values })),
    iterations: step,
  };
}

/** The values in the order of the names; one that is missing is left for the session to refuse. */
function inOrder(names: readonly string[], tensors: readonly NamedTensor[]): Float32Array[] {
  const given = new Map(tensors.map(({ name, values }) => [name, values]));
  return names.flatMap((name) => given.get(name) ?? []);
}

/** What the session refuses to take was not saved from this model and optimizer. */
function orDamaged(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!(error instanceof AtelierError) || error.code !== 'INPUT_INVALID') throw error;
    throw new AtelierError({
      code: 'ARTIFACT_DAMAGED',
      action: 'restore the training state',
      problem: error.problem,
      hint: 'Resume with the settings the run was started with, or start a new run.',
      cause: error,
    });
  }
}
