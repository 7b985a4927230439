// Compiles every package and app: the WebAssembly kernel and TypeScript project references, only what changed.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildWasm } from './build-wasm.mjs';

if (!(await buildWasm())) process.exit(1);

const tsc = fileURLToPath(new URL('../node_modules/typescript/lib/tsc.js', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));
const { status } = spawnSync(process.execPath, [tsc, '--build', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(status ?? 1);
