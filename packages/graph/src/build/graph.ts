import type { AttrValue, DType, NodeDef } from '../proto/messages.js';
import { constantDType, shapeAttr, tensorAttr, typeAttr, type ConstantValue } from './attributes.js';
import type { Shape, Tensor } from './tensor.js';

/** What a node is made of. */
export interface NodeSpec {
  /** Name inside the current scope; the operation's own name when left out. Made unique. */
  name?: string;
  inputs?: readonly Tensor[];
  attrs?: Record<string, AttrValue>;
  /** Nodes that must have run before this one. */
  after?: readonly Tensor[];
}

/** What comes out of a node's first output, where it differs from the node's first input. */
export interface NodeOutput {
  dtype?: DType;
  shape?: Shape;
}

/** A TensorFlow graph under construction: an append-only list of nodes with unique names. */
export interface Graph {
  /** The nodes so far, in the order they were added. */
  readonly nodes: readonly NodeDef[];
  /** The first output of each node, by its name. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /**
   * Adds a node with exactly the attributes given; TensorFlow fills in its own defaults. The output has the dtype
   * and shape of the first input unless `output` says otherwise.
   */
  add(op: string, spec: NodeSpec, output?: NodeOutput): Tensor;
  /** Adds a constant. */
  constant(value: ConstantValue, shape: readonly number[], name?: string): Tensor;
  /** A float32 scalar constant; equal values share one node. */
  scalar(value: number): Tensor;
  /** Adds a placeholder, a tensor fed at each run. */
  placeholder(name: string, dtype: DType, shape: Shape): Tensor;
  /** The first outputs of the nodes from number `from` on that take `tensor`. */
  usersOf(tensor: Tensor, from: number): Tensor[];
  /** Runs `build` with `name/` before the names of the nodes that it adds. */
  within<Result>(name: string, build: () => Result): Result;
}

/** Starts an empty graph. */
export function createGraph(): Graph {
  const nodes: NodeDef[] = [];
  const tensors = new Map<string, Tensor>();
  const taken = new Set<string>();
  const scalars = new Map<number, Tensor>();
  let scope = '';

  const uniqueName = (wanted: string): string => {
    // TensorFlow allows [A-Za-z0-9.][A-Za-z0-9_.\-/]* and compares case-sensitively
    const base = `${scope}${wanted}`.replace(/[^A-Za-z0-9_.\-/]/g, '_').replace(/^[^A-Za-z0-9.]/, 'n$&');
    let name = base;
    for (let i = 1; taken.has(name); i++) name = `${base}_${i}`;
    taken.add(name);
    return name;
  };

  const graph: Graph = {
    nodes,
    tensors,
    add(op, { name, inputs = [], attrs = {}, after = [] }, output = {}) {
      const [first] = inputs;
      const node: NodeDef = {
        name: uniqueName(name ?? op),
        op,
        input: [...inputs.map((input) => input.name), ...after.map((input) => `^${nodeName(input)}`)],
        attr: attrs,
      };
      nodes.push(node);
      const tensor = {
        name: node.name,
        dtype: output.dtype ?? first?.dtype ?? 'float32',
        shape: output.shape ?? first?.shape ?? [],
      };
      tensors.set(node.name, tensor);
      return tensor;
    },
    constant(value, shape, name) {
      const dtype = constantDType(value);
      const attrs = { dtype: typeAttr(dtype), value: tensorAttr(value, shape) };
      return graph.add('Const', { ...(name !== undefined && { name }), attrs }, { dtype, shape });
    },
    scalar(value) {
      let known = scalars.get(value);
      if (known === undefined) {
        const outer = scope;
        scope = 'scalars/';
        known = graph.constant(Float32Array.of(value), [], String(value));
        scope = outer;
        scalars.set(value, known);
      }
      return known;
    },
    placeholder(name, dtype, shape) {
      const attrs = { dtype: typeAttr(dtype), shape: shapeAttr(shape) };
      return graph.add('Placeholder', { name, attrs }, { dtype, shape });
    },
    usersOf: (tensor, from) =>
      nodes
        .slice(from)
        .filter(({ input }) => input.includes(tensor.name))
        .map(({ name }) => ({ ...tensor, name })),
    within(name, build) {
      const outer = scope;
      scope = `${outer}${name}/`;
      try {
        return build();
      } finally {
        scope = outer;
      }
    },
  };
  return graph;
}

/** Output number `index` of the node behind `tensor`, whose first output `tensor` is. */
export function outputOf(tensor: Tensor, index: number, output: NodeOutput = {}): Tensor {
  return { ...tensor, ...output, name: `${nodeName(tensor)}:${index}` };
}

/** The node that gives a tensor. */
export function nodeName(tensor: Tensor): string {
  return tensor.name.replace(/:\d+$/, '');
}
