import { AtelierError, messageOf } from '@atelier/core';

/** The error of a container that cannot be read: its pictures are many, so the run does not go on without them. */
export function containerError(path: string, problem: string, cause?: unknown): AtelierError {
  return new AtelierError({
    code: 'INPUT_INVALID',
    action: 'read the pictures in',
    path,
    problem,
    hint: 'Fetch the file again from its source, or take it out of the folder of pictures.',
    cause,
  });
}

/** What a reading library throws, as an error that names the file. */
export function unreadable(path: string, what: string, error: unknown): AtelierError {
  return error instanceof AtelierError
    ? error
    : containerError(path, `it is cut off, damaged or no ${what} (${messageOf(error)})`, error);
}
