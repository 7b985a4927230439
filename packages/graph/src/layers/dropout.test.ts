import * as tf from '@tensorflow/tfjs';
import type { layers as Layers } from '@tensorflow/tfjs';
import { createGraph } from '../build/graph.js';
import { savedModelBytes } from '../build/saved-model.js';
import { describeModel } from '../model/describe-model.js';
import type { ModelDescription } from '../model/description.js';
import { emitForward } from '../model/network.js';
import { planSteps } from '../model/plan-steps.js';
import { loadBinding } from '../native/binding.js';
import { loadSession } from '../session/native-session.js';

tf.env().set('IS_TEST', true);
const batch = 6;
const shape = [20, 30, 7];
const size = shape.reduce((product, side) => product * side, 1);

/** The layer written into a graph of its own. */
function emit(description: ModelDescription, training: boolean) {
  const graph = createGraph();
  const x = graph.placeholder('x', 'float32', [null, ...shape]);
  const seed = graph.placeholder('seed', 'int32', [2]);
  const network = {
    graph,
    training,
    compute: 'float32' as const,
    weights: [],
    read: () => x,
    assign: () => undefined,
    seed: () => seed,
  };
  return { graph, x, output: emitForward(network, planSteps(description), x).output };
}

/** What the layer makes of ones while training, for a seed. */
function drop(description: ModelDescription, seed: [number, number]): Float32Array {
  const { graph, output } = emit(description, true);
  const session = loadSession(loadBinding(), savedModelBytes(graph, {}));
  try {
    const feeds = [
      { tensor: 'x:0', shape: [batch, ...shape], data: new Float32Array(batch * size).fill(1) },
      { tensor: 'seed:0', shape: [2], data: Int32Array.from(seed) },
    ];
    return session.run(feeds, [`${output.name}:0`])[0] as Float32Array;
  } finally {
    session.dispose();
  }
}

const describeLayer = (layer: Layers.Layer) => describeModel(tf.sequential({ layers: [layer] }));
const dropout = (options: object) =>
  describeLayer(tf.layers.dropout({ inputShape: shape, ...options } as never));
const shareOfZeros = (values: Float32Array) => values.filter((value) => value === 0).length / values.length;

describe('dropout', () => {
  it.each([0.1, 0.25, 0.5, 0.9])('drops a share of %d and scales what it keeps', (rate) => {
    const values = drop(dropout({ rate }), [1, 2]);
    expect(new Set(values)).toEqual(new Set([0, Math.fround(1 / (1 - rate))]));
    // five standard deviations of a fair draw
    const spread = 5 * Math.sqrt((rate * (1 - rate)) / values.length);
    expect(Math.abs(shareOfZeros(values) - rate)).toBeLessThan(spread);
  });

  it('drops the same for the same seed, and otherwise for another seed, step, layer or sample', () => {
    const one = dropout({ rate: 0.5 });
    const values = drop(one, [1, 2]);
    expect(drop(one, [1, 2])).toEqual(values);
    const twice = describeModel(
      tf.sequential({
        layers: [tf.layers.dropout({ rate: 0.5, inputShape: shape }), tf.layers.dropout({ rate: 0.5 })],
      }),
    );
    // a layer of its own would leave half, the same numbers again all of that, numbers of its own a quarter
    expect(shareOfZeros(drop(twice, [1, 2]))).toBeCloseTo(0.75, 1);
    const others = [
      drop(one, [2, 2]),
      drop(one, [1, 3]),
      values.map((_, at) => values[(at + size) % values.length]!),
    ];
    for (const other of others) {
      const alike = values.filter((value, at) => value === other[at]).length / values.length;
      expect(alike).toBeCloseTo(0.5, 1);
    }
  });

  it('gives all elements along an axis of size 1 in its noiseShape one fate', () => {
    const values = drop(dropout({ rate: 0.5, noiseShape: [null, 1, 1, null] }), [1, 2]);
    const channels = shape[2]!;
    values.forEach((value, at) => {
      const picture = Math.floor(at / size) * size;
      expect(value).toBe(values[picture + (at % channels)]);
    });
    const fates = Array.from(
      { length: batch * channels },
      (_, at) => values[Math.floor(at / channels) * size + (at % channels)],
    );
    expect(new Set(fates).size).toBe(2);
  });

  it('lets everything through in inference, and at a rate of 0', () => {
    for (const [rate, training] of [
      [0.5, false],
      [0, true],
    ] as const) {
      const { x, output } = emit(dropout({ rate }), training);
      expect(output).toBe(x);
    }
  });

  it('refuses a noiseShape that does not fit', () => {
    expect(() => planSteps(dropout({ rate: 0.5, noiseShape: [1, null, null, null] }))).toThrow(
      /has noiseShape \[1, null, null, null\]/,
    );
  });
});
