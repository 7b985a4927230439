// Jest loads this file outside its own module resolution, where only Node's rules hold: hence the .ts extension.
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureReaders } from './ensure-readers.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * What the tests need besides npm's packages, made once before the first of them runs: the built programs (some
 * tests start them), native TensorFlow and the Python readers. Each is quick when it is there; a missing one fails
 * the run.
 */
export default async function globalSetup(): Promise<void> {
  if (process.env['ATELIER_BUILT'] === undefined) run('tools/build.mjs'); // npm test has built already
  run('packages/graph/dist/native/main.js');
  await ensureReaders();
  // whatever the tests and the programs they start put there is removed with it (global-teardown.ts)
  process.env['TMPDIR'] = mkdtempSync(join(tmpdir(), 'atelier-tests-'));
}

function run(program: string): void {
  const { status, error } = spawnSync(process.execPath, [program], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`The tests' set-up failed at "node ${program}"`, { cause: error });
}
