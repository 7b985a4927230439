import { AtelierError } from '@atelier/core';
import { closest } from 'fastest-levenshtein';

/** The error of a command line that cannot be understood; the exit code is 2. */
export function usageError(problem: string, hint: string): AtelierError {
  return new AtelierError({ code: 'USAGE', action: 'understand the command', problem, hint });
}

/**
 * The error of a name that does not exist, naming the nearest one that does.
 * @param name as the person wrote it: "preproces", "--datset"
 * @param names.noun what it should have been: "command", "option", "stage"
 * @param names.known all there are, written as the person would write them
 */
export function unknownName(
  name: string,
  { noun, known }: { noun: string; known: readonly string[] },
): AtelierError {
  return usageError(
    `there is no ${noun} ${name}`,
    `Did you mean ${closest(name, known)}? There are: ${known.join(', ')}.`,
  );
}
