import { AtelierError } from '@atelier/core';

/** What a source picture may be at most; see `limits` in dataset.json. */
export interface ImageLimits {
  /** Width x height. */
  readonly maxPixels: number;
}

/** The error of a picture that cannot be used: a reason and a remedy, for quarantine. */
export function refuseImage(problem: string, hint: string, cause?: unknown): AtelierError {
  return new AtelierError({ code: 'INPUT_INVALID', action: 'use the picture', problem, hint, cause });
}

/**
 * Turns what a decoder throws into a refusal. The decoder's own words are kept as the cause and stay out of the reason:
 * libvips collects them for the whole process, so they depend on what else is decoded at the time.
 */
export function refuseDecode(error: unknown): AtelierError {
  if (error instanceof AtelierError) return error;
  return refuseImage(
    'it is cut off or damaged: not all of it can be decoded',
    'Fetch it again from its source, or open it in an image editor and save it anew, or remove it.',
    error,
  );
}
