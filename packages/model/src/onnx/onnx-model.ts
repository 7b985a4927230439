import { AtelierError } from '@atelier/core';
import type { InferenceGraph, NodeDef, Shape } from '@atelier/graph';
import { constantElements } from '../export/constants.js';
import { onnxBuilder, type OnnxBuilder } from './onnx-builder.js';
import { onnxCodec, onnxTypes, type OnnxModel, type OnnxType, type OnnxValue } from './onnx-messages.js';
import { onnxOperators } from './onnx-operators.js';

/** The operator set whose meaning the nodes have; onnxruntime knows it from 1.12 on. */
export const ONNX_OPSET = 17;
/** The version of the file format, that of ONNX 1.12. */
export const ONNX_IR = 8;

/** Protocol buffers end at 2 GiB. */
const LARGEST_BYTES = 2 ** 31 - 1;

/**
 * A finished model as ONNX: `images` uint8 [batch, height, width, channels], as everywhere in Atelier, to
 * `probabilities` float32 [batch, classes]. Channels come first only around the operations that want them so, by
 * Transpose; runtimes take neighbouring ones out. SAME padding is `auto_pad` SAME_UPPER.
 * @param metadata what the file says of itself, for `metadata_props`
 * @throws AtelierError MODEL_UNSUPPORTED naming an operation that cannot be written
 */
export function onnxModel(
  { graph, images, probabilities }: InferenceGraph,
  { name, metadata }: { name: string; metadata: Readonly<Record<string, string>> },
): OnnxModel {
  const onnx = onnxBuilder();
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  const users = new Map<string, number>();
  for (const { input } of graph.nodes) for (const each of input) users.set(each, (users.get(each) ?? 0) + 1);
  const values = new Map<string, string>([[images.name, images.name]]);
  const valueOf = (input: string): string => {
    const known = values.get(input) ?? addConstant(onnx, nodes.get(input)!);
    values.set(input, known);
    return known;
  };
  for (const node of graph.nodes) {
    if (node.op === 'Placeholder' || node.op === 'Const') continue;
    const translate = Object.hasOwn(onnxOperators, node.op) ? onnxOperators[node.op] : undefined;
    if (translate === undefined) throw refuse(`TensorFlow's operation ${node.op} (${node.name})`);
    const constant = (input: number) => nodes.get(node.input[input]!)!;
    const value = translate({
      onnx,
      node,
      get inputs() {
        return node.input.map(valueOf);
      },
      shapes: node.input.map((input) => graph.tensors.get(input)!.shape),
      integers: (input) => Array.from(constantElements(constant(input))),
      weight: (input) => ({
        name: node.input[input]!,
        values: constantElements(constant(input)) as Float32Array,
      }),
      isOnlyUser: (input) => users.get(node.input[input]!) === 1,
    });
    values.set(node.name, value);
  }
  const model: OnnxModel = {
    irVersion: BigInt(ONNX_IR),
    producerName: 'Atelier',
    producerVersion: '0.1.0',
    opsetImport: [{ domain: '', version: BigInt(ONNX_OPSET) }],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name,
      node: [...onnx.nodes],
      initializer: withoutUnused(onnx),
      input: [valueInfo(images.name, images.dtype as OnnxType, images.shape)],
      output: [valueInfo(values.get(probabilities.name)!, 'float32', probabilities.shape)],
    },
  };
  checkSize(model);
  return model;
}

/** The bytes of a `.onnx` file. */
export const encodeOnnx = (model: OnnxModel): Uint8Array => onnxCodec.encode(model);

function addConstant(onnx: OnnxBuilder, node: NodeDef): string {
  const elements = constantElements(node);
  const shape = node.attr['value']!.tensor!.tensorShape.dim!.map(({ size }) => Number(size));
  return elements instanceof Float32Array
    ? onnx.floats(node.name, elements, shape)
    : onnx.integers(node.name, Array.from(elements));
}

/** Constants that were given to operations and then written in another form. */
function withoutUnused({ nodes, initializers }: OnnxBuilder) {
  const used = new Set(nodes.flatMap(({ input }) => input));
  return initializers.filter(({ name }) => used.has(name));
}

function valueInfo(name: string, type: OnnxType, shape: Shape): OnnxValue {
  const dim = shape.map((size) => (size === null ? { dimParam: 'batch' } : { dimValue: BigInt(size) }));
  return { name, type: { tensorType: { elemType: onnxTypes[type], shape: { dim } } } };
}

function checkSize({ graph }: OnnxModel): void {
  const bytes = graph.initializer.reduce((sum, { rawData }) => sum + rawData.byteLength, 0);
  if (bytes > LARGEST_BYTES)
    throw refuse(`a model with ${bytes} bytes of weights (the format ends at 2 GiB)`);
}

function refuse(what: string): AtelierError {
  return new AtelierError({
    code: 'MODEL_UNSUPPORTED',
    action: 'export the model as ONNX',
    problem: `${what} cannot be written`,
    hint: 'Export it in another format.',
  });
}
