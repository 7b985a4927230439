import { shapeAttr, stringAttr, typeAttr } from './attributes.js';
import type { Graph } from './graph.js';
import type { Tensor } from './tensor.js';

/** A float32 variable that lives in the session from run to run. */
export interface Variable {
  /** The resource that updates and assignments take. */
  readonly handle: Tensor;
  readonly shape: readonly number[];
}

/** Adds a variable; it has no value until one is assigned. */
export function addVariable(graph: Graph, name: string, shape: readonly number[]): Variable {
  const attrs = { dtype: typeAttr('float32'), shape: shapeAttr(shape), shared_name: stringAttr(name) };
  return { handle: graph.add('VarHandleOp', { name, attrs }, { dtype: 'resource', shape: [] }), shape };
}

/** The variable's value when the node runs. */
export function readVariable(graph: Graph, { handle, shape }: Variable, name: string): Tensor {
  const attrs = { dtype: typeAttr('float32') };
  return graph.add('ReadVariableOp', { name, inputs: [handle], attrs }, { dtype: 'float32', shape });
}

/** Sets the variable; the node has no output. */
export function assignVariable(
  graph: Graph,
  { handle }: Variable,
  { value, after = [] }: { value: Tensor; after?: readonly Tensor[] },
): Tensor {
  return graph.add('AssignVariableOp', {
    inputs: [handle, value],
    attrs: { dtype: typeAttr('float32') },
    after,
  });
}

/** A tensor that is there only after all of `nodes` have run: what to fetch for their effects. */
export function whenDone(
  graph: Graph,
  nodes: readonly Tensor[],
  { name, value }: { name: string; value: Tensor },
): Tensor {
  return graph.add('Identity', { name, inputs: [value], attrs: { T: typeAttr(value.dtype) }, after: nodes });
}
