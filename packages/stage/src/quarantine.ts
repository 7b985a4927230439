import type { ManifestQuarantine } from '@atelier/artifacts';
import { AtelierError } from '@atelier/core';

/**
 * Turns the refusal of one picture into a record for quarantine; anything else is not the picture's fault
 * and goes on being thrown.
 * @param path the file, relative to the dataset
 */
export function quarantineOf(error: unknown, path: string): ManifestQuarantine {
  if (error instanceof AtelierError && error.code === 'INPUT_INVALID') {
    const { code, problem: reason, hint: remedy, limits } = error;
    return { path, code, reason, remedy, ...(limits && { limits }) };
  }
  throw error;
}
