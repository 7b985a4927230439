import { AtelierError } from '@atelier/core';
import type { Tfjs } from '@atelier/model';
import type { LayersModel, LayerVariable, Variable } from '@tensorflow/tfjs';
import type { NamedTensor } from './train-engine.js';

/** A TF.js variable and what it is called by. */
export interface NamedVariable {
  readonly name: string;
  readonly variable: Variable;
}

/** A weight of a model, by its name in model.json. */
export const named = (weight: LayerVariable): NamedVariable => ({
  name: weight.originalName,
  variable: weight.read() as Variable,
});

/** Writes weights into a model, each by its name. @throws AtelierError ARTIFACT_DAMAGED where they are another's */
export function writeModelWeights(tf: Tfjs, model: LayersModel, weights: readonly NamedTensor[]): void {
  assignTensors(tf, model.weights.map(named), weights);
}

/**
 * Sets variables to the tensors of their names.
 * @throws AtelierError ARTIFACT_DAMAGED where one is missing or of another size, or there are others
 */
export function assignTensors(
  tf: Tfjs,
  variables: readonly NamedVariable[],
  tensors: readonly NamedTensor[],
): void {
  const given = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const problem = misfit(variables, given);
  if (problem !== null) {
    throw new AtelierError({
      code: 'ARTIFACT_DAMAGED',
      action: 'restore the training state',
      problem,
      hint: 'Resume with the settings the run was started with, or start a new run.',
    });
  }
  for (const { name, variable } of variables) {
    const values = Float32Array.from((given.get(name) as NamedTensor).values);
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  }
}

function misfit(variables: readonly NamedVariable[], given: ReadonlyMap<string, NamedTensor>): string | null {
  const missing = variables.find(({ name }) => !given.has(name));
  if (missing !== undefined) return `it does not hold "${missing.name}"`;
  if (given.size !== variables.length) return `it holds ${given.size} tensors, not ${variables.length}`;
  const odd = variables.find(({ name, variable }) => given.get(name)?.values.length !== variable.size);
  return odd === undefined
    ? null
    : `"${odd.name}" has ${given.get(odd.name)?.values.length} values, not ${odd.variable.size}`;
}
