import { AtelierError, messageOf } from '@atelier/core';
import { loadBinding } from '@atelier/graph';
import { loadTfjs, type Tfjs } from '@atelier/model';
import type { LayersModel } from '@tensorflow/tfjs';
import { registerConvFilterGradient } from './conv-filter-gradient.js';

/** A TF.js backend that can train a model. */
export interface Backend {
  /** TF.js's own name. */
  readonly name: 'tensorflow' | 'wasm' | 'cpu';
  /** For people. */
  readonly title: string;
}

/** The kernels that training needs, forward and backward, by layer class; a layer not named here needs none of its own. */
const KERNELS: Readonly<Record<string, readonly string[]>> = {
  Conv2D: ['Conv2D', 'Conv2DBackpropFilter', 'Conv2DBackpropInput'],
  DepthwiseConv2D: [
    'DepthwiseConv2dNative',
    'DepthwiseConv2dNativeBackpropFilter',
    'DepthwiseConv2dNativeBackpropInput',
  ],
  SeparableConv2D: [
    'Conv2D',
    'Conv2DBackpropFilter',
    'Conv2DBackpropInput',
    'DepthwiseConv2dNative',
    'DepthwiseConv2dNativeBackpropFilter',
    'DepthwiseConv2dNativeBackpropInput',
  ],
  MaxPooling2D: ['MaxPool', 'MaxPoolGrad'],
  AveragePooling2D: ['AvgPool', 'AvgPoolGrad'],
  BatchNormalization: ['FusedBatchNorm'],
  Dense: ['BatchMatMul', 'Relu', 'Step', 'Softmax', 'Max', 'Exp', 'Log', 'Sum', 'OneHot', 'ArgMax'],
};

/**
 * The kernels that a backend lacks for training a model. TF.js itself finds out in the middle of the first step.
 * @returns their names; empty where it can train
 */
export function missingKernels(tf: Tfjs, backend: string, model: LayersModel): string[] {
  const needed = new Set(model.layers.flatMap((layer) => KERNELS[layer.getClassName()] ?? []));
  return [...needed].filter((kernel) => tf.getKernel(kernel, backend) === undefined);
}

/** What was found on the way to a backend. */
export interface BackendChoice {
  readonly backend: Backend;
  /** Why each better one was passed over, for the one line that says what runs. */
  readonly passedOver: readonly string[];
}

/**
 * The fastest backend that is installed and can train the model: native TensorFlow, WebAssembly, plain JavaScript.
 * @throws AtelierError NATIVE_UNAVAILABLE where none can, naming what each one lacks
 */
export async function chooseBackend(model: LayersModel): Promise<BackendChoice> {
  const tf = await loadTfjs();
  const passedOver: string[] = [];
  for (const { name, load } of BACKENDS) {
    let title: string;
    try {
      title = await load();
    } catch (error) {
      passedOver.push(`${name}: ${error instanceof AtelierError ? error.problem : messageOf(error)}`);
      continue;
    }
    const missing = missingKernels(tf, name, model);
    if (missing.length === 0) return { backend: { name, title }, passedOver };
    passedOver.push(`${name}: no ${missing.join(', ')}`);
  }
  throw new AtelierError({
    code: 'NATIVE_UNAVAILABLE',
    action: 'train the model',
    problem: `no TensorFlow.js backend can (${passedOver.join('; ')})`,
    hint: 'Install native TensorFlow: npx atelier doctor --install.',
  });
}

/** From the fastest to the slowest. */
const BACKENDS: readonly (Pick<Backend, 'name'> & { load: () => Promise<string> })[] = [
  {
    name: 'tensorflow',
    load: async () => {
      const { TF_Version: version } = loadBinding();
      await import('@tensorflow/tfjs-node');
      return `native TensorFlow ${version}`;
    },
  },
  {
    name: 'wasm',
    load: async () => {
      // not among the dependencies of every installation, so its name is not known to the compiler
      const name: string = '@tensorflow/tfjs-backend-wasm';
      await import(name);
      registerConvFilterGradient(await loadTfjs(), 'wasm');
      return 'WebAssembly, slow';
    },
  },
  { name: 'cpu', load: async () => 'plain JavaScript, very slow' },
];
