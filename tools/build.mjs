// Compiles every package and app: the WebAssembly kernel and TypeScript project references, only what changed.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { withBuildLock } from './build-lock.mjs';
import { buildWasm } from './build-wasm.mjs';

const tsc = fileURLToPath(new URL('../node_modules/typescript/lib/tsc.js', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));

process.exitCode = await withBuildLock(async () => {
  if (!(await buildWasm())) return 1;
  const { status } = spawnSync(process.execPath, [tsc, '--build', ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
  });
  return status ?? 1;
});
