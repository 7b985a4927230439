import { AtelierError, messageOf } from '@atelier/core';

/** What a source picture may be at most; see `limits` in dataset.json. */
export interface ImageLimits {
  /** Width x height. */
  readonly maxPixels: number;
}

/** The error of a picture that cannot be used: a reason and a remedy, for quarantine. */
export function refuseImage(problem: string, hint: string, cause?: unknown): AtelierError {
  return new AtelierError({ code: 'INPUT_INVALID', action: 'use the picture', problem, hint, cause });
}

/** Turns what a decoder throws into a refusal that says what is wrong with the file. */
export function refuseDecode(error: unknown): AtelierError {
  if (error instanceof AtelierError) return error;
  const text = messageOf(error).replace(/^Input (file|buffer) (has|contains) /, '');
  const cut = /premature end|truncated|end of (file|stream)|unexpected eof|not enough|png read error/i.test(
    text,
  );
  return refuseImage(
    cut ? `it is cut off or damaged (${text})` : `it cannot be decoded (${text})`,
    'Fetch it again from its source, or open it in an image editor and save it anew, or remove it.',
    error,
  );
}
