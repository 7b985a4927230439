import { AtelierError } from '@atelier/core';
import { slowBackend } from '../doctor/slow-backend.js';

/**
 * Native TensorFlow, installed where it is missing, a line on stderr for each thing that is tried. Where it cannot be
 * had, one warning that says what training runs on instead.
 */
export async function ensureTensorFlow(): Promise<void> {
  const { ensureNative } = await import('@atelier/graph');
  const report = (line: string): void => void process.stderr.write(`${line}\n`);
  try {
    const { tensorflowVersion } = await ensureNative({ report });
    report(`TensorFlow ${tensorflowVersion} is ready`);
  } catch (error) {
    if (!(error instanceof AtelierError) || error.code !== 'NATIVE_UNAVAILABLE') throw error;
    report(`warning: training goes on without native TensorFlow, on ${slowBackend()}. ${error.message}`);
  }
}
