import { createRequire } from 'node:module';

import { AtelierError, messageOf } from '@atelier/core';

import { nativeState } from './native-state.js';

/** A tensor that a run gave back: its id, its shape, its TensorFlow dtype number. */
export interface NativeTensor {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: number;
}

/** What a tensor can be made from: raw bytes per string for TF_STRING, pairs of int32 (low, high) for TF_INT64. */
export type NativeData = Float32Array | Int32Array | Uint8Array | readonly Uint8Array[];

/**
 * tfjs-node's addon, called directly (`binding/tfjs_binding.cc` and `tfjs_backend.cc` of 4.22.0). Every call is
 * synchronous and blocks its thread; every call throws a plain Error with TensorFlow's message. Ids are small
 * integers, valid in the thread that got them. What is created must be deleted.
 */
export interface NativeBinding {
  /** TensorFlow's own version, "2.21.0". */
  readonly TF_Version: string;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_INT64: number;
  readonly TF_BOOL: number;
  readonly TF_COMPLEX64: number;
  readonly TF_STRING: number;
  readonly TF_RESOURCE: number;
  readonly TF_UINT8: number;

  /**
   * Makes a tensor over the array's own memory (kept alive until the tensor is deleted; not copied, so do not write
   * to it before the run that reads it is over). Float32Array takes TF_FLOAT; Int32Array TF_INT32, or TF_INT64 with
   * two entries per element; Uint8Array TF_UINT8 or TF_BOOL; an array of Uint8Array TF_STRING. Views of a
   * SharedArrayBuffer work. Throws where dtype or length do not fit.
   *
   * @returns the tensor's id.
   */
  createTensor(shape: readonly number[], dtype: number, data: NativeData): number;
  /** Frees a tensor. Throws for an id that is not there. */
  deleteTensor(tensorId: number): void;
  /**
   * A copy of a tensor's values, row-major: Float32Array (TF_FLOAT; TF_COMPLEX64 as pairs), Int32Array (TF_INT32),
   * BigInt64Array (TF_INT64), Uint8Array (TF_BOOL, TF_RESOURCE), Uint8Array[] (TF_STRING). Any other dtype, TF_UINT8
   * and bfloat16 among them, throws: cast inside the graph.
   */
  tensorDataSync(tensorId: number): Float32Array | Int32Array | Uint8Array | BigInt64Array | Uint8Array[];
  /**
   * Loads a SavedModel folder into a session of its own.
   *
   * @param tags comma-separated, "serve" for nearly every model.
   * @returns the model's id.
   */
  loadSavedModel(folder: string, tags: string): number;
  /** Closes a SavedModel's session, its variables with it. */
  deleteSavedModel(modelId: number): void;
  /**
   * One session run.
   *
   * @param inputIds tensors, in the order of `inputNames`; they stay and must still be deleted.
   * @param inputNames comma-separated, each `op:index`.
   * @param outputNames comma-separated, each `op:index`; an op without outputs cannot be fetched.
   * @returns new tensors in the order of `outputNames`; to be deleted. A run that throws leaks its inputs (4.22.0).
   */
  runSavedModel(
    modelId: number,
    inputIds: readonly number[],
    inputNames: string,
    outputNames: string,
  ): readonly NativeTensor[];
  /** Models loaded in this thread. */
  getNumOfSavedModels(): number;
  /** Tensors alive in this thread. */
  getNumOfTensors(): number;
  /** Whether TensorFlow found a GPU it can use. */
  isUsingGpuDevice(): boolean;
}

/**
 * Loads the addon into this thread (0.3 s the first time in a process, 900 MB of address space). The same module
 * that `require('@tensorflow/tfjs-node')` uses, so both see one TensorFlow. Works in worker threads; an addon of kind
 * 'tfjs-node-download' must be loaded in the main thread first, or the process crashes at its end (Node unloads it with
 * the worker while TensorFlow's threads run; ours is linked so that it stays).
 *
 * @throws AtelierError NATIVE_UNAVAILABLE where it is not installed, or does not load.
 */
export function loadBinding(): NativeBinding {
  const { addonPath, problem } = nativeState();
  if (addonPath === null || problem !== null) {
    throw unavailable(problem ?? 'no addon is installed', undefined);
  }
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  try {
    return createRequire(import.meta.url)(addonPath) as NativeBinding;
  } catch (error) {
    throw unavailable(`${addonPath} does not load: ${messageOf(error)}`, error);
  }
}

function unavailable(problem: string, cause: unknown): AtelierError {
  return new AtelierError({
    code: 'NATIVE_UNAVAILABLE',
    action: 'load native TensorFlow',
    problem,
    hint: 'Run "npm start" or "node packages/graph/dist/native/main.js" to install it, or choose the WebAssembly backend.',
    cause,
  });
}
