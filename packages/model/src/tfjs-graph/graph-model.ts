import {
  dataTypeNumbers,
  type AttrValue,
  type InferenceGraph,
  type NodeDef,
  type Tensor,
} from '@atelier/graph';
import type { io } from '@tensorflow/tfjs';
import { constantElements } from '../export/constants.js';

/** A TF.js graph model: the content of its model.json but for the weights' manifest, and the weights. */
export interface GraphModelArtifacts {
  readonly modelTopology: object;
  readonly signature: object;
  readonly weightSpecs: readonly io.WeightsManifestEntry[];
  /** Little-endian, in the order of the specs. */
  readonly weights: Uint8Array;
}

/**
 * A finished model as a TF.js graph model, which `tf.loadGraphModel` runs without layers or training code: `images`
 * float32 [batch, height, width, channels] with values 0-255 to `probabilities` [batch, classes].
 */
export function graphModel({ graph, images, probabilities }: InferenceGraph): GraphModelArtifacts {
  const nodes = graph.nodes.flatMap(supported);
  const constants = nodes.filter(({ op }) => op === 'Const');
  const values = constants.map(constantElements);
  const weightSpecs = constants.map(({ name, attr }, i) => ({
    name,
    shape: attr['value']!.tensor!.tensorShape.dim!.map(({ size }) => Number(size)),
    dtype: values[i] instanceof Float32Array ? ('float32' as const) : ('int32' as const),
  }));
  return {
    modelTopology: { node: nodes.map(nodeJson), library: {}, versions: { producer: 30, minConsumer: 26 } },
    signature: {
      inputs: { [images.name]: tensorInfo(images) },
      outputs: { [probabilities.name]: tensorInfo(probabilities) },
    },
    weightSpecs,
    weights: Buffer.concat(
      values.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)),
    ),
  };
}

/** What TF.js does not assume where TensorFlow does. */
const DEFAULTS: Readonly<Record<string, Record<string, AttrValue>>> = {
  Conv2D: { dilations: { list: { i: [1n, 1n, 1n, 1n] } } },
  DepthwiseConv2dNative: { dilations: { list: { i: [1n, 1n, 1n, 1n] } } },
};

/** A node as TF.js can run it: with its defaults, and softsign, which it does not know, as x / (|x| + 1). */
function supported(node: NodeDef): NodeDef[] {
  if (node.op !== 'Softsign') return [{ ...node, attr: { ...DEFAULTS[node.op], ...node.attr } }];
  const { name, input, attr } = node;
  const [size, one, divisor] = [`${name}/size`, `${name}/one`, `${name}/divisor`] as const;
  const type = { type: dataTypeNumbers.float32 };
  const tensorContent = new Uint8Array(Float32Array.of(1).buffer);
  const value = { tensor: { dtype: dataTypeNumbers.float32, tensorShape: { dim: [] }, tensorContent } };
  return [
    { name: size, op: 'Abs', input, attr },
    { name: one, op: 'Const', input: [], attr: { dtype: type, value } },
    { name: divisor, op: 'AddV2', input: [size, one], attr },
    { name, op: 'RealDiv', input: [input[0]!, divisor], attr },
  ];
}

const nodeJson = ({ name, op, input, attr }: NodeDef) => ({
  name,
  op,
  ...(input.length > 0 && { input }),
  attr: Object.fromEntries(Object.entries(attr).map(([key, value]) => [key, attrJson(value)])),
});

/** protobuf's JSON form: bytes in base64, 64-bit integers as text, enumerations by name. */
function attrJson({ list, s, i, f, b, type, shape, tensor }: AttrValue): object {
  if (s !== undefined) return { s: Buffer.from(s).toString('base64') };
  if (i !== undefined) return { i: String(i) };
  if (f !== undefined) return { f };
  if (b !== undefined) return { b };
  if (type !== undefined) return { type: typeName(type) };
  if (list?.i !== undefined) return { list: { i: list.i.map(String) } };
  if (shape !== undefined) return { shape: shapeJson(shape) };
  // a constant's elements lie in the weights' file
  return { tensor: { dtype: typeName(tensor!.dtype), tensorShape: shapeJson(tensor!.tensorShape) } };
}

const shapeJson = ({ dim = [] }: { dim?: { size?: bigint }[] }) => ({
  dim: dim.map(({ size }) => ({ size: String(size) })),
});

const tensorInfo = ({ name, dtype, shape }: Tensor) => ({
  name: `${name}:0`,
  dtype: typeName(dataTypeNumbers[dtype]),
  tensorShape: { dim: shape.map((size) => ({ size: String(size ?? -1) })) },
});

const names: Readonly<Record<number, string>> = {
  1: 'DT_FLOAT',
  3: 'DT_INT32',
  4: 'DT_UINT8',
  10: 'DT_BOOL',
};

function typeName(type: number): string {
  const name = names[type];
  if (name === undefined) throw new Error(`a finished model has no values of TensorFlow's type ${type}`);
  return name;
}
