import { randomStream } from '@atelier/core';
import * as tf from '@tensorflow/tfjs';
import { compile, type CompileOptions } from '../compile.js';
import { loadBinding } from '../native/binding.js';
import { bfloat16Problem } from './bfloat16.js';
import { openSession } from './train-session.js';

tf.env().set('IS_TEST', true);
const { layers } = tf;
const binding = loadBinding();
const shape = [16, 16, 3];
const classes = 3;
const count = 24;

/** Layers that work in bfloat16, layers that do not, and a join of both kinds. */
function network() {
  const input = tf.input({ shape });
  const scaled = layers.rescaling({ scale: 1 / 255 } as never).apply(input);
  const wide = layers
    .conv2d({ filters: 8, kernelSize: 3, padding: 'same', activation: 'relu' })
    .apply(scaled);
  const pooled = layers.maxPooling2d({ poolSize: 2 }).apply(wide);
  const normal = layers.batchNormalization().apply(pooled);
  const deep = layers
    .separableConv2d({ filters: 8, kernelSize: 3, padding: 'same', activation: 'swish' })
    .apply(normal);
  const plain = layers.conv2d({ filters: 8, kernelSize: 1 }).apply(pooled);
  const sum = layers.add().apply([deep, plain] as tf.SymbolicTensor[]);
  const joined = layers.concatenate().apply([sum, pooled, plain] as tf.SymbolicTensor[]);
  const flat = layers.flatten().apply(layers.averagePooling2d({ poolSize: 2 }).apply(joined));
  const hidden = layers.dense({ units: 16, activation: 'relu' }).apply(flat);
  const output = layers.dense({ units: classes, activation: 'softmax' }).apply(hidden);
  return tf.model({ inputs: input, outputs: output as tf.SymbolicTensor });
}

/** Pictures whose brightness tells their class, in noise. */
const random = randomStream(3, ['bfloat16']);
const labels = Int32Array.from({ length: count }, () => random.below(classes));
const images = Uint8Array.from(
  { length: count * 768 },
  (_, at) => 60 * labels[Math.floor(at / 768)]! + random.below(100),
);

const train = (options: CompileOptions, model: tf.LayersModel, steps: number) => {
  const graph = compile(model, options);
  const session = openSession(graph, binding, null);
  try {
    const losses = Array.from({ length: steps }, () => session.trainStep({ images, labels, count }).loss);
    const weights = session.getWeights().map(({ values }) => Array.from(values));
    const start = graph.initialWeights.map((values) => Array.from(values));
    return {
      losses,
      moves: weights.map((values, index) => values.map((value, at) => value - start[index]![at]!)),
    };
  } finally {
    session.dispose();
  }
};

describe('mixed_bfloat16', () => {
  const optimizer = { name: 'sgd', learningRate: 0.05 } as const;

  it('takes a step in the direction of the float32 one', () => {
    const model = network();
    const exact = train({ optimizer }, model, 1);
    const mixed = train({ optimizer, precision: 'mixed_bfloat16' }, model, 1);
    expect(mixed.losses[0]).not.toBe(exact.losses[0]);
    expect(mixed.losses[0]).toBeCloseTo(exact.losses[0]!, 1);
    const dot = (a: number[], b: number[]) => a.reduce((sum, value, at) => sum + value * b[at]!, 0);
    const [a, b] = [exact.moves.flat(), mixed.moves.flat()];
    expect(dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))).toBeGreaterThan(0.999);
    expect(Math.sqrt(dot(b, b) / dot(a, a))).toBeCloseTo(1, 1);
  });

  it('learns as float32 does', () => {
    const model = network();
    const exact = train({ optimizer }, model, 40);
    const mixed = train({ optimizer, precision: 'mixed_bfloat16' }, model, 40);
    expect(exact.losses.at(-1)).toBeLessThan(exact.losses[0]! / 2);
    expect(mixed.losses.at(-1)! / exact.losses.at(-1)!).toBeGreaterThan(0.5);
    expect(mixed.losses.at(-1)! / exact.losses.at(-1)!).toBeLessThan(2);
  });

  it('evaluates and predicts in float32', () => {
    const model = network();
    const predict = (precision: 'float32' | 'mixed_bfloat16') => {
      const session = openSession(compile(model, { optimizer, precision }), binding, null);
      try {
        return Array.from(session.predict(images, count));
      } finally {
        session.dispose();
      }
    };
    expect(predict('mixed_bfloat16')).toEqual(predict('float32'));
  });

  it('is refused, with the reason, where the processor gains nothing', () => {
    const graph = compile(network(), { optimizer, precision: 'mixed_bfloat16' });
    expect(() => openSession(graph, binding, 'the processor is too old')).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', problem: 'the processor is too old' }),
    );
    expect(binding.getNumOfSavedModels()).toBe(0);
  });
});

describe('bfloat16Problem', () => {
  const linux = (arch: string, description: string) =>
    bfloat16Problem({ platform: 'linux', arch, description });

  it.each([
    ['x64', 'processor\t: 0\nflags\t\t: fpu avx512f avx512_bf16 sse\n', null],
    ['x64', 'flags\t\t: fpu amx_bf16\n', null],
    ['x64', 'flags\t\t: fpu avx512f\n', /no bfloat16 products \(avx512_bf16 or amx_bf16\)/],
    ['arm64', 'Features\t: fp asimd bf16\n', null],
    ['arm64', 'Features\t: fp asimd\n', /no bfloat16 products \(bf16\)/],
    ['x64', '', /no bfloat16 products/],
  ])('%s %j', (arch, description, problem) => {
    if (problem === null) expect(linux(arch, description)).toBeNull();
    else expect(linux(arch, description)).toMatch(problem);
  });

  it('names other systems', () => {
    expect(bfloat16Problem({ platform: 'darwin', arch: 'arm64', description: '' })).toMatch(/on darwin/);
  });
});
