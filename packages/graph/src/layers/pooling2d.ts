import { intsAttr, stringAttr, typeAttr } from '../build/attributes.js';
import type { Graph } from '../build/graph.js';
import { runtimeShape, typed } from '../build/operations.js';
import { knownSize, type Shape, type Tensor } from '../build/tensor.js';
import { paddingOption, pairOption, requireChannelsLast, type LayerCall } from '../model/description.js';
import { sweptSize } from './convolution.js';
import { singleInput, type Lower } from './layer.js';

interface Pooling {
  readonly window: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: 'SAME' | 'VALID';
}

/** `tf.layers.maxPooling2d`. */
export const lowerMaxPooling2D: Lower = (call) => {
  const pooling = poolingOf(call);
  return [
    singleInput(
      'pool',
      ({ graph }, x) => {
        const y = pool(graph, x, { op: 'MaxPool', pooling });
        return {
          output: y,
          backward: (dy, wanted) => ({
            input: wanted
              ? typed(graph, ['MaxPoolGrad', x, y, dy], { attrs: poolingAttrs(pooling) })
              : undefined,
          }),
        };
      },
      { kind: 'maxPooling', narrow: 'follows' },
    ),
  ];
};

/** `tf.layers.averagePooling2d`; with "same" padding the border does not count, as in Keras. */
export const lowerAveragePooling2D: Lower = (call) => {
  const pooling = poolingOf(call);
  return [
    singleInput('pool', ({ graph }, x) => ({
      output: pool(graph, x, { op: 'AvgPool', pooling }),
      backward: (dy, wanted) => ({ input: wanted ? averageGradient(graph, { x, dy, pooling }) : undefined }),
    })),
  ];
};

function averageGradient(
  graph: Graph,
  { x, dy, pooling }: { x: Tensor; dy: Tensor; pooling: Pooling },
): Tensor {
  const attrs = { T: typeAttr(dy.dtype), ...poolingAttrs(pooling) };
  return graph.add('AvgPoolGrad', { inputs: [runtimeShape(graph, x), dy], attrs }, x);
}

function poolingOf(call: LayerCall): Pooling {
  requireChannelsLast(call);
  return {
    window: pairOption(call, 'poolSize'),
    strides: pairOption(call, 'strides'),
    padding: paddingOption(call),
  };
}

const poolingAttrs = ({ window, strides, padding }: Pooling) => ({
  ksize: intsAttr([1, ...window, 1]),
  strides: intsAttr([1, ...strides, 1]),
  padding: stringAttr(padding),
});

function pool(
  graph: Graph,
  x: Tensor,
  { op, pooling }: { op: 'MaxPool' | 'AvgPool'; pooling: Pooling },
): Tensor {
  const { window, strides, padding } = pooling;
  const [height, width] = [0, 1].map((axis) =>
    sweptSize(knownSize(x.shape[axis + 1]), window[axis]!, { stride: strides[axis]!, padding }),
  ) as [number, number];
  const shape: Shape = [x.shape[0] ?? null, height, width, x.shape[3] ?? null];
  return typed(graph, [op, x], { attrs: poolingAttrs(pooling), shape });
}
