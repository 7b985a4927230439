import { isAbsolute, relative, sep } from 'node:path';

/** A path as a person reads it best: relative where it lies below the folder they are in, else absolute. */
export function shownPath(path: string, from: string = process.cwd()): string {
  const below = relative(from, path);
  return below === '' || isAbsolute(below) || below.split(sep)[0] === '..' ? path : below;
}
