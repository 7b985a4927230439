import { printable } from '@atelier/core';

/** A word as a person can paste it into a shell; control characters are escaped, so such a name cannot be pasted. */
export function shellWord(word: string): string {
  const shown = printable(word);
  return /^[\w./~+-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", `'\\''`)}'`;
}
