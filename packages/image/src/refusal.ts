import { AtelierError } from '@atelier/core/errors';

/** The error of a picture that cannot be used: a reason and a remedy, for quarantine. */
export function refuseImage(problem: string, hint: string, cause?: unknown): AtelierError {
  return new AtelierError({ code: 'INPUT_INVALID', action: 'use the picture', problem, hint, cause });
}

/** The refusal of a picture in a format or of a kind that is not read. */
export function refuseKind(problem: string, cause?: unknown): AtelierError {
  return refuseImage(problem, 'Convert it to PNG or JPEG, or remove it.', cause);
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
