import type { NodeDef, Shape } from '@atelier/graph';
import type { OnnxBuilder } from './onnx-builder.js';
import { onnxTypes } from './onnx-messages.js';

/** A TensorFlow operation that is being written in ONNX. */
export interface Translation {
  readonly onnx: OnnxBuilder;
  readonly node: NodeDef;
  /** The ONNX values of its inputs. */
  readonly inputs: readonly string[];
  /** Shapes of its inputs. */
  readonly shapes: readonly Shape[];
  /** The elements of a constant input. */
  integers(input: number): readonly number[];
  weight(input: number): { readonly name: string; readonly values: Float32Array };
  /** Whether nothing else takes an input. */
  isOnlyUser(input: number): boolean;
}

/** Writes an operation. @returns its output's ONNX value */
export type Translate = (at: Translation) => string;

const utf8 = new TextDecoder();

/** ONNX pictures are [batch, channels, height, width]. */
const toChannelsFirst = [0, 3, 1, 2];
const toChannelsLast = [0, 2, 3, 1];

/** An operation that ONNX has under another name, or the same. */
const as =
  (opType: string): Translate =>
  ({ onnx, node, inputs }) =>
    onnx.add([opType, ...inputs], { output: node.name });

const intsOf = ({ attr }: NodeDef, name: string): readonly number[] =>
  (attr[name]?.list?.i ?? []).map(Number);

/** Height and width of a list that TensorFlow has for all four axes. */
const sidesOf = (node: NodeDef, name: string): readonly number[] => intsOf(node, name).slice(1, 3);

/** TensorFlow's SAME puts the odd row or column of the border after the picture. */
const autoPad = ({ attr }: NodeDef): string =>
  utf8.decode(attr['padding']?.s) === 'SAME' ? 'SAME_UPPER' : 'VALID';

/** Runs an operation of ONNX on pictures with channels last. */
function onChannelsFirst({ onnx, node, inputs }: Translation, run: (picture: string) => string): string {
  const turned = onnx.add(['Transpose', inputs[0]!], {
    output: `${node.name}/channels_first`,
    attributes: { perm: toChannelsFirst },
  });
  return onnx.add(['Transpose', run(turned)], { output: node.name, attributes: { perm: toChannelsLast } });
}

const pool =
  (opType: 'MaxPool' | 'AveragePool'): Translate =>
  (at) =>
    onChannelsFirst(at, (picture) =>
      at.onnx.add([opType, picture], {
        attributes: {
          kernel_shape: sidesOf(at.node, 'ksize'),
          strides: sidesOf(at.node, 'strides'),
          auto_pad: autoPad(at.node),
        },
      }),
    );

/** The name that a convolution's output has before its channels come last again. */
const convolved = (name: string) => `${name}/convolved`;

function convolution(at: Translation, { filter, group }: { filter: string; group: number }): string {
  return onChannelsFirst(at, (picture) =>
    at.onnx.add(['Conv', picture, filter], {
      output: convolved(at.node.name),
      attributes: { strides: sidesOf(at.node, 'strides'), auto_pad: autoPad(at.node), group },
    }),
  );
}

/** A filter [height, width, in, out] as ONNX has it, [out, in, height, width]. */
const fullConvolution: Translate = (at) => {
  const { name, values } = at.weight(1);
  const [height, width, input, output] = at.shapes[1] as [number, number, number, number];
  const turned = new Float32Array(values.length);
  let to = 0;
  for (let o = 0; o < output; o++)
    for (let i = 0; i < input; i++)
      for (let position = 0; position < height * width; position++)
        turned[to++] = values[(position * input + i) * output + o]!;
  const filter = at.onnx.floats(`${name}/turned`, turned, [output, input, height, width]);
  return convolution(at, { filter, group: 1 });
};

/** A filter [height, width, in, multiplier] as that of a convolution in `in` groups. */
const depthwiseConvolution: Translate = (at) => {
  const { name, values } = at.weight(1);
  const [height, width, input, multiplier] = at.shapes[1] as [number, number, number, number];
  const channels = input * multiplier;
  const turned = new Float32Array(values.length);
  for (let channel = 0; channel < channels; channel++)
    for (let position = 0; position < height * width; position++)
      turned[channel * height * width + position] = values[position * channels + channel]!;
  const filter = at.onnx.floats(`${name}/turned`, turned, [channels, 1, height, width]);
  return convolution(at, { filter, group: input });
};

/** Behind a convolution the bias becomes its third input. */
const bias: Translate = (at) => {
  const [value, added] = at.inputs as [string, string];
  if (at.isOnlyUser(0) && at.onnx.append(convolved(value), added, 3)) return value;
  return as('Add')(at);
};

const batchNormalization: Translate = (at) =>
  onChannelsFirst(at, (picture) =>
    at.onnx.add(['BatchNormalization', picture, ...at.inputs.slice(1, 5)], {
      attributes: { epsilon: { float: at.node.attr['epsilon']!.f! } },
    }),
  );

const reduction =
  (opType: string): Translate =>
  (at) =>
    at.onnx.add([opType, at.inputs[0]!], {
      output: at.node.name,
      attributes: { axes: at.integers(1), keepdims: at.node.attr['keep_dims']?.b === true ? 1 : 0 },
    });

const reshapeTo = (onnx: OnnxBuilder, value: string, to: { shape: readonly number[]; output: string }) =>
  onnx.add(['Reshape', value, onnx.integers(`${to.output}/shape`, to.shape)], { output: to.output });

const reshape: Translate = ({ onnx, node, inputs, integers }) =>
  reshapeTo(onnx, inputs[0]!, { shape: integers(1), output: node.name });

/** Borders [axes, 2], (before, after) of each axis, as ONNX has them: all before, then all after. */
function padBy(
  at: Translation,
  value: string,
  borders: { amounts: readonly number[]; output: string },
): string {
  const { amounts, output } = borders;
  const pads = [...amounts.filter((_, i) => i % 2 === 0), ...amounts.filter((_, i) => i % 2 === 1)];
  return at.onnx.add(['Pad', value, at.onnx.integers(`${output}/pads`, pads)], { output });
}

const pad: Translate = (at) => padBy(at, at.inputs[0]!, { amounts: at.integers(1), output: at.node.name });

/** Clips to constants given as scalars. */
const clip =
  (low: number, high: number): Translate =>
  ({ onnx, node, inputs }) =>
    onnx.add(
      [
        'Clip',
        inputs[0]!,
        onnx.floats(`scalars/${low}`, Float32Array.of(low), []),
        onnx.floats(`scalars/${high}`, Float32Array.of(high), []),
      ],
      { output: node.name },
    );

/** A picture taken apart into its phases: TensorFlow's SpaceToBatchND, by which dilated convolutions are written. */
const spaceToBatch: Translate = (at) => {
  const [blockHeight, blockWidth] = at.integers(1) as [number, number];
  const amounts = at.integers(2) as [number, number, number, number];
  const [, height, width, channels] = at.shapes[0] as [null, number, number, number];
  const rows = (height + amounts[0] + amounts[1]) / blockHeight;
  const columns = (width + amounts[2] + amounts[3]) / blockWidth;
  const padded = padBy(at, at.inputs[0]!, {
    amounts: [0, 0, ...amounts, 0, 0],
    output: `${at.node.name}/padded`,
  });
  const apart = reshapeTo(at.onnx, padded, {
    shape: [-1, rows, blockHeight, columns, blockWidth, channels],
    output: `${at.node.name}/apart`,
  });
  const turned = at.onnx.add(['Transpose', apart], { attributes: { perm: [2, 4, 0, 1, 3, 5] } });
  return reshapeTo(at.onnx, turned, { shape: [-1, rows, columns, channels], output: at.node.name });
};

/** The phases put together again: BatchToSpaceND. */
const batchToSpace: Translate = (at) => {
  const [blockHeight, blockWidth] = at.integers(1) as [number, number];
  const [top, bottom, left, right] = at.integers(2) as [number, number, number, number];
  const [, rows, columns, channels] = at.shapes[0] as [null, number, number, number];
  const { onnx, node } = at;
  const phases = reshapeTo(onnx, at.inputs[0]!, {
    shape: [blockHeight, blockWidth, -1, rows, columns, channels],
    output: `${node.name}/phases`,
  });
  const turned = onnx.add(['Transpose', phases], { attributes: { perm: [2, 3, 0, 4, 1, 5] } });
  const [height, width] = [rows * blockHeight, columns * blockWidth];
  const whole = reshapeTo(onnx, turned, {
    shape: [-1, height, width, channels],
    output: `${node.name}/whole`,
  });
  const vector = (name: string, values: readonly number[]) => onnx.integers(`${node.name}/${name}`, values);
  const slice = [
    vector('from', [top, left]),
    vector('to', [height - bottom, width - right]),
    vector('axes', [1, 2]),
  ];
  return onnx.add(['Slice', whole, ...slice], { output: node.name });
};

/** TensorFlow's operations of a finished classifier in ONNX's operator set 17. */
export const onnxOperators: Readonly<Record<string, Translate>> = {
  AddN: as('Sum'),
  AddV2: as('Add'),
  AvgPool: pool('AveragePool'),
  BatchToSpaceND: batchToSpace,
  BiasAdd: bias,
  Cast: ({ onnx, node, inputs }) =>
    onnx.add(['Cast', inputs[0]!], { output: node.name, attributes: { to: onnxTypes.float32 } }),
  ClipByValue: as('Clip'),
  ConcatV2: (at) =>
    at.onnx.add(['Concat', ...at.inputs.slice(0, -1)], {
      output: at.node.name,
      attributes: { axis: at.integers(at.inputs.length - 1)[0]! },
    }),
  Conv2D: fullConvolution,
  DepthwiseConv2dNative: depthwiseConvolution,
  Elu: as('Elu'),
  Erf: as('Erf'),
  FusedBatchNormV3: batchNormalization,
  LeakyRelu: ({ onnx, node, inputs }) =>
    onnx.add(['LeakyRelu', inputs[0]!], {
      output: node.name,
      attributes: { alpha: { float: node.attr['alpha']!.f! } },
    }),
  MatMul: as('MatMul'),
  Max: reduction('ReduceMax'),
  MaxPool: pool('MaxPool'),
  Mean: reduction('ReduceMean'),
  Mul: as('Mul'),
  Pad: pad,
  RealDiv: as('Div'),
  Relu: as('Relu'),
  Relu6: clip(0, 6),
  Reshape: reshape,
  Rsqrt: ({ onnx, node, inputs }) =>
    onnx.add(['Reciprocal', onnx.add(['Sqrt', inputs[0]!])], { output: node.name }),
  Selu: as('Selu'),
  Sigmoid: as('Sigmoid'),
  Softmax: as('Softmax'),
  Softplus: as('Softplus'),
  Softsign: as('Softsign'),
  SpaceToBatchND: spaceToBatch,
  Square: ({ onnx, node, inputs }) => onnx.add(['Mul', inputs[0]!, inputs[0]!], { output: node.name }),
  Sub: as('Sub'),
  Tanh: as('Tanh'),
};
