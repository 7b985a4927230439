// Jest loads this file outside its own module resolution, where only Node's rules hold: hence the .ts extension.
import { ensureReaders } from './ensure-readers.ts';

/** What the tests need besides npm's packages, made once before the first of them runs. */
export default async function globalSetup(): Promise<void> {
  await ensureReaders();
}
