import {
  attributeTypes,
  onnxTypes,
  type OnnxAttribute,
  type OnnxNode,
  type OnnxTensor,
} from './onnx-messages.js';

/** Attributes by their names. Numbers are integers, lists of numbers lists of integers. */
export type OnnxAttributes = Readonly<
  Record<string, number | readonly number[] | string | { float: number }>
>;

/** What a node is made from. */
export interface OnnxNodeSpec {
  /** What its output is called; made from the current scope when left out. */
  readonly output?: string;
  readonly attributes?: OnnxAttributes;
}

/** An ONNX graph under construction. Values are strings: the names of outputs and of initializers. */
export interface OnnxBuilder {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  /** Adds a node with one output. @returns the output */
  add(operation: readonly [opType: string, ...inputs: string[]], spec?: OnnxNodeSpec): string;
  /** Adds float32 numbers; equal names are added once. */
  floats(name: string, values: Float32Array, shape: readonly number[]): string;
  /** Adds a vector of int64. */
  integers(name: string, values: readonly number[]): string;
  /** Appends an input to the node that gives `output`, where that has no more than `arity` inputs. */
  append(output: string, input: string, arity: number): boolean;
}

const text = new TextEncoder();

/** Starts an empty graph. */
export function onnxBuilder(): OnnxBuilder {
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const names = new Set<string>();
  const byOutput = new Map<string, OnnxNode>();
  const unique = (wanted: string): string => {
    let name = wanted;
    for (let i = 1; names.has(name); i++) name = `${wanted}_${i}`;
    names.add(name);
    return name;
  };
  const constant = (name: string, { data, type, shape }: Constant): string => {
    if (names.has(name)) return name;
    names.add(name);
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    initializers.push({ name, dims: shape.map(BigInt), dataType: onnxTypes[type], rawData });
    return name;
  };
  return {
    nodes,
    initializers,
    add([opType, ...input], { output, attributes = {} } = {}) {
      const name = unique(output ?? `${input[0] ?? ''}/${opType}`);
      const attribute = Object.entries(attributes).map(([key, value]) => attributeMessage(key, value));
      const node = { name, opType, input, output: [name], attribute };
      nodes.push(node);
      byOutput.set(name, node);
      return name;
    },
    floats: (name, values, shape) => constant(name, { data: values, type: 'float32', shape }),
    integers: (name, values) =>
      constant(name, { data: BigInt64Array.from(values, BigInt), type: 'int64', shape: [values.length] }),
    append(output, input, arity) {
      const node = byOutput.get(output);
      if (node === undefined || node.input.length >= arity) return false;
      node.input.push(input);
      return true;
    },
  };
}

interface Constant {
  readonly data: ArrayBufferView;
  readonly type: 'float32' | 'int64';
  readonly shape: readonly number[];
}

function attributeMessage(name: string, value: OnnxAttributes[string]): OnnxAttribute {
  if (typeof value === 'number') return { name, type: attributeTypes.i, i: BigInt(value) };
  if (typeof value === 'string') return { name, type: attributeTypes.s, s: text.encode(value) };
  if ('float' in value) return { name, type: attributeTypes.f, f: value.float };
  return { name, type: attributeTypes.ints, ints: value.map(BigInt) };
}
