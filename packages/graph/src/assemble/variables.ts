import type { Graph } from '../build/graph.js';
import { typed } from '../build/operations.js';
import type { Tensor } from '../build/tensor.js';
import { addVariable, assignVariable, readVariable, whenDone, type Variable } from '../build/variables.js';
import type { ModelDescription } from '../model/description.js';
import type { OptimizerRule } from '../optimizers/optimizer.js';

/** A variable with the tensors by which it is written and read from outside. */
export interface NamedVariable {
  /** The weight's name, or `weight/slot`. */
  readonly name: string;
  readonly variable: Variable;
  /** Feed this and fetch `written` to set it. */
  readonly value: Tensor;
  readonly written: Tensor;
  /** Fetch this to read it. */
  readonly read: Tensor;
}

/** Everything that lasts from step to step. */
export interface Variables {
  /** In the model's order. */
  readonly weights: readonly NamedVariable[];
  /** The optimizer's, per trained weight. */
  readonly slots: readonly NamedVariable[];
  /** One of the optimizer's slots of a weight. */
  slot(weight: number, slot: string): Variable;
}

/** Emits the variables of the weights and of the optimizer's slots. */
export function emitVariables(graph: Graph, model: ModelDescription, rule: OptimizerRule): Variables {
  const slots = new Map<string, NamedVariable>();
  const slotName = (weight: string, slot: string) => `${weight}/${slot}`;
  return graph.within('variables', () => {
    for (const { name, shape, trainable } of model.weights) {
      if (!trainable) continue;
      for (const slot of rule.slots)
        slots.set(slotName(name, slot), emitVariable(graph, slotName(name, slot), shape));
    }
    return {
      weights: model.weights.map(({ name, shape }) => emitVariable(graph, name, shape)),
      slots: [...slots.values()],
      slot: (weight, slot) => slots.get(slotName(model.weights[weight]!.name, slot))!.variable,
    };
  });
}

function emitVariable(graph: Graph, name: string, shape: readonly number[]): NamedVariable {
  const variable = addVariable(graph, name, shape);
  const value = graph.placeholder(`${name}/value`, 'float32', shape);
  // a copy, so that the variable never lives in the caller's array
  const copy = typed(graph, ['DeepCopy', value], { name: `${name}/copy` });
  const assigned = assignVariable(graph, variable, { value: copy });
  return {
    name,
    variable,
    value,
    written: whenDone(graph, [assigned], { name: `${name}/written`, value: graph.scalar(1) }),
    read: readVariable(graph, variable, `${name}/read`),
  };
}
