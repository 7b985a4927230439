import type { Split } from '@atelier/core';

/** What people call the parts of a dataset, in lower case. */
const NAMES: Readonly<Record<string, Split>> = {
  train: 'train',
  training: 'train',
  validation: 'validation',
  val: 'validation',
  valid: 'validation',
  dev: 'validation',
  test: 'test',
  testing: 'test',
};

/** The part of a dataset that a folder or a table calls by this name, in any case; undefined for any other name. */
export function splitNamed(name: string): Split | undefined {
  const key = name.toLowerCase();
  return Object.hasOwn(NAMES, key) ? NAMES[key] : undefined;
}
