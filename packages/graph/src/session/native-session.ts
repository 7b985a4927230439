import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { types } from 'node:util';
import { AtelierError, messageOf } from '@atelier/core';
import { SERVE_TAG } from '../build/saved-model.js';
import type { NativeBinding } from '../native/binding.js';

/** A value to feed: what it holds, of which shape, into which tensor (`node:index`). */
export interface Feed {
  readonly tensor: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/** A graph loaded into a session of TensorFlow's. */
export interface NativeSession {
  /**
   * Runs the part of the graph that `fetches` depend on and returns copies of their values. Blocks the thread.
   * Whatever was fed is read by TensorFlow during the call and not kept.
   */
  run(feeds: readonly Feed[], fetches: readonly string[]): (Float32Array | Int32Array)[];
  /** Closes the session and frees its variables; calling it again does nothing. */
  dispose(): void;
}

/**
 * Loads the bytes of a `saved_model.pb` into a session, by way of a temporary folder that is removed at once.
 * @throws AtelierError NATIVE_FAILED with TensorFlow's words; WRITE_FAILED where the temporary folder cannot be written
 */
export function loadSession(binding: NativeBinding, savedModel: Uint8Array): NativeSession {
  let model: number | undefined = load(binding, savedModel);
  // by util.types and not by instanceof, which arrays of another realm or the addon's own would fail
  const dtypeOf = (data: Feed['data']): number => {
    if (types.isFloat32Array(data)) return binding.TF_FLOAT;
    return types.isInt32Array(data) ? binding.TF_INT32 : binding.TF_UINT8;
  };
  return {
    run(feeds, fetches) {
      if (model === undefined) throw failed('the session is closed', undefined);
      const live: number[] = [];
      try {
        for (const { data, shape } of feeds) {
          live.push(binding.createTensor(shape, dtypeOf(data), data));
        }
        const inputs = [...live];
        const outputs = binding.runSavedModel(
          model,
          inputs,
          feeds.map((feed) => feed.tensor).join(),
          fetches.join(),
        );
        live.push(...outputs.map((output) => output.id));
        return outputs.map((output) => binding.tensorDataSync(output.id) as Float32Array | Int32Array);
      } catch (error) {
        throw failed(messageOf(error), error);
      } finally {
        live.forEach((id) => binding.deleteTensor(id));
      }
    },
    dispose() {
      if (model === undefined) return;
      binding.deleteSavedModel(model);
      model = undefined;
    },
  };
}

function load(binding: NativeBinding, savedModel: Uint8Array): number {
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(tmpdir(), 'atelier-graph-'));
    writeFileSync(join(folder, 'saved_model.pb'), savedModel);
  } catch (error) {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    throw new AtelierError({
      code: 'WRITE_FAILED',
      action: 'write the graph to',
      path: folder ?? tmpdir(),
      problem: messageOf(error),
      hint: 'Make room there, or point TMPDIR at a folder that can be written.',
      cause: error,
    });
  }
  try {
    return binding.loadSavedModel(folder, SERVE_TAG);
  } catch (error) {
    throw failed(messageOf(error), error);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function failed(problem: string, cause: unknown): AtelierError {
  return new AtelierError({
    code: 'NATIVE_FAILED',
    action: 'run the TensorFlow graph',
    problem,
    hint: 'Run "npx atelier doctor" to check the native library, or train on the layers engine.',
    cause,
  });
}
