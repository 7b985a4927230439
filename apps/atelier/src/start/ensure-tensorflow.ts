import { AtelierError } from '@atelier/core';
import type { NativeState } from '@atelier/graph';
import { slowBackend } from '../doctor/slow-backend.js';

/** What installs native TensorFlow. @throws AtelierError NATIVE_UNAVAILABLE where it cannot be had */
type Install = (options: {
  report: (line: string) => void;
}) => Promise<Pick<NativeState, 'tensorflowVersion'>>;

const installNative: Install = async (options) => (await import('@atelier/graph')).ensureNative(options);

/**
 * Native TensorFlow, installed where it is missing, a line for each thing that is tried. Where it cannot be had, one
 * warning that says what training runs on instead.
 */
export async function ensureTensorFlow(
  report: (line: string) => void,
  install: Install = installNative,
): Promise<void> {
  try {
    const { tensorflowVersion } = await install({ report });
    report(`TensorFlow ${tensorflowVersion} is ready`);
  } catch (error) {
    if (!(error instanceof AtelierError) || error.code !== 'NATIVE_UNAVAILABLE') throw error;
    report(`warning: training goes on without native TensorFlow, on ${slowBackend()}. ${error.message}`);
  }
}
