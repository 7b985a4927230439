import { intAttr, typeAttr } from '../build/attributes.js';
import { addAll, multiply } from '../build/operations.js';
import { knownSize, printShape, type Shape } from '../build/tensor.js';
import type { Graph } from '../build/graph.js';
import type { Tensor } from '../build/tensor.js';
import { unsupportedLayer, type LayerCall } from '../model/description.js';
import type { Lower, Step } from './layer.js';

/** `tf.layers.add`: the sum of inputs of one shape; the gradient goes to each of them whole. */
export const lowerAdd: Lower = (call) => {
  requireOneShape(call);
  return [
    {
      name: 'add',
      narrow: 'follows',
      forward: ({ graph }, inputs) => ({
        output: addAll(graph, inputs),
        backward: (dy) => ({ inputs: inputs.map(() => dy) }),
      }),
    },
  ];
};

/** `tf.layers.multiply`: the product of inputs of one shape. */
export const lowerMultiply: Lower = (call) => {
  requireOneShape(call);
  return [
    {
      name: 'multiply',
      forward: ({ graph }, inputs) => ({
        output: inputs.reduce((product, input) => multiply(graph, product, input)),
        backward: (dy, wanted) => ({
          inputs: inputs.map((_, index) =>
            wanted[index]
              ? inputs
                  .filter((__, other) => other !== index)
                  .reduce((product, input) => multiply(graph, product, input), dy)
              : undefined,
          ),
        }),
      }),
    },
  ];
};

/** `tf.layers.concatenate` along any axis but the batch. */
export const lowerConcatenate: Lower = (call) => {
  const rank = call.outputShape.length;
  const given = Number(call.config['axis'] ?? -1);
  const axis = given < 0 ? given + rank : given;
  if (axis === 0) throw unsupportedLayer(call, 'concatenates along the batch');
  return [concatenateStep(axis, call.outputShape)];
};

function concatenateStep(axis: number, shape: Shape): Step {
  return {
    name: 'concatenate',
    narrow: 'follows',
    forward: ({ graph }, inputs) => ({
      output: concatenate(graph, inputs, { axis, shape }),
      backward: (dy, wanted) => {
        let start = 0;
        const gradients = inputs.map((input, index) => {
          const from = start;
          start += knownSize(input.shape[axis]);
          return wanted[index] ? slice(graph, dy, { input, axis, from }) : undefined;
        });
        return { inputs: gradients };
      },
    }),
  };
}

function concatenate(
  graph: Graph,
  inputs: readonly Tensor[],
  { axis, shape }: { axis: number; shape: Shape },
): Tensor {
  const along = graph.constant(Int32Array.of(axis), [], 'ConcatV2/axis');
  const attrs = { T: typeAttr(inputs[0]!.dtype), N: intAttr(inputs.length), Tidx: typeAttr('int32') };
  return graph.add('ConcatV2', { inputs: [...inputs, along], attrs }, { shape });
}

/** The part of dy that belongs to one input; size -1 is "the rest" (the whole batch). */
function slice(
  graph: Graph,
  dy: Tensor,
  { input, axis, from }: { input: Tensor; axis: number; from: number },
): Tensor {
  const rank = input.shape.length;
  const begin = Int32Array.from({ length: rank }, (_, at) => (at === axis ? from : 0));
  const size = Int32Array.from(input.shape, (length) => length ?? -1);
  const attrs = { T: typeAttr(dy.dtype), Index: typeAttr('int32') };
  return graph.add(
    'Slice',
    { inputs: [dy, graph.constant(begin, [rank]), graph.constant(size, [rank])], attrs },
    { shape: input.shape },
  );
}

function requireOneShape(call: LayerCall): void {
  const shapes = new Set(call.inputShapes.map(printShape));
  if (shapes.size > 1) {
    throw unsupportedLayer(call, `broadcasts inputs of different shapes ${[...shapes].join(' and ')}`);
  }
}
