import { loadTfjs, seedModel } from '@atelier/model';
import type { Tensor4D } from '@tensorflow/tfjs';
import { missingKernels } from './backends.js';
import { convFilterGradient } from './conv-filter-gradient.js';

describe('missingKernels', () => {
  it('finds out before training that a backend has no kernel for a gradient', async () => {
    const tf = await loadTfjs();
    const network = { filters: [2], dropout: 0, denseUnits: 2 };
    const model = await seedModel({ shape: [4, 4, 3], classes: 2, network, standardize: null, seed: 1 });
    // as the WebAssembly backend of TF.js 4.22: all but one
    const backendName = 'almost';
    for (const kernel of tf.getKernelsForBackend('cpu')) {
      if (kernel.kernelName !== 'Conv2DBackpropFilter') tf.registerKernel({ ...kernel, backendName });
    }
    expect(missingKernels(tf, 'cpu', model)).toEqual([]);
    expect(missingKernels(tf, backendName, model)).toEqual(['Conv2DBackpropFilter']);
    expect(missingKernels(tf, 'none', model)).toContain('MaxPoolGrad');
  });
});

describe('convFilterGradient', () => {
  it.each([
    { strides: 1, pad: 'same', window: [3, 3] },
    { strides: 2, pad: 'same', window: [3, 3] },
    { strides: [2, 1], pad: 'valid', window: [2, 3] },
    { strides: 1, pad: 'valid', window: [1, 1] },
  ] as const)("equals TF.js's own kernel: %j", async ({ strides, pad, window }) => {
    const tf = await loadTfjs();
    const filterShape: [number, number, number, number] = [...window, 3, 4];
    const x = tf.randomNormal([2, 7, 8, 3], 0, 1, 'float32', 5) as Tensor4D;
    const filter = tf.randomNormal(filterShape, 0, 1, 'float32', 6) as Tensor4D;
    const steps = typeof strides === 'number' ? strides : ([...strides] as [number, number]);
    const dy = tf.randomNormal(tf.conv2d(x, filter, steps, pad).shape, 0, 1, 'float32', 7) as Tensor4D;
    const theirs = tf.grad((of) => tf.conv2d(x, of as Tensor4D, steps, pad))(filter, dy);
    const ours = convFilterGradient(tf, { x, dy }, { strides: steps, pad, filterShape });
    expect(ours.shape).toEqual(theirs.shape);
    expect(tf.max(tf.abs(tf.sub(ours, theirs))).dataSync()[0]).toBeLessThan(1e-4);
  });
});
