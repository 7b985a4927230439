import { AtelierError } from '@atelier/core/errors';
import { refuseImage } from '../refusal.js';
import type { CarriedError, DecoderLimits } from './protocol.js';

/** How a process came to its end while it decoded. */
export type Failure =
  { readonly kind: 'crash'; readonly how: string } | { readonly kind: 'hang' } | { readonly kind: 'memory' };

/** The refusal of a picture that brought down a process which had nothing else to do. */
export function refuseFailure(failure: Failure, { timeoutMs, maxMemoryBytes }: DecoderLimits): AtelierError {
  if (failure.kind === 'hang') {
    return refusedBy(
      { timeoutMs },
      `it made the decoder hang: it was not decoded within limits.timeoutMs ${timeoutMs}`,
    );
  }
  if (failure.kind === 'memory') {
    return refusedBy(
      { maxMemoryBytes },
      `decoding it took more memory than limits.maxMemoryBytes ${maxMemoryBytes}`,
    );
  }
  return refuseImage(
    'it made the decoder crash',
    'Open it in an image editor and save it anew, or remove it.',
    new Error(`the decoder's process ended with ${failure.how}`),
  );
}

/** A refusal that another value of a limit may undo. */
function refusedBy(limits: Readonly<Record<string, number>>, problem: string): AtelierError {
  const [name] = Object.keys(limits);
  const hint = `Shrink it, or save it anew in an image editor, or raise limits.${name} in dataset.json, or remove it.`;
  return new AtelierError({ ...refuseImage(problem, hint).toJSON(), limits });
}

/** The error of a pool none of whose processes starts. */
export function startError(how: string): AtelierError {
  return new AtelierError({
    code: 'PROGRAM_FAILED',
    action: 'start a process that decodes pictures',
    problem: `it ended with ${how}`,
    hint: 'Run "npx atelier doctor": it says whether sharp can be loaded here, and what else may be wrong.',
  });
}

/** An error as the process threw it. */
export function revived({ fields, message, stack }: CarriedError): Error {
  const original = Object.assign(new Error(message), stack !== undefined && { stack });
  return fields === undefined ? original : new AtelierError({ ...fields, cause: original });
}
