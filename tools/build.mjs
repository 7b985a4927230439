// Compiles every package and app: the WebAssembly kernel, TypeScript project references and the
// inspector's front end, only what changed.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { withBuildLock } from './build-lock.mjs';
import { buildWasm } from './build-wasm.mjs';
import { buildWeb } from './build-web.mjs';

const tsc = fileURLToPath(new URL('../node_modules/typescript/lib/tsc.js', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));

process.exitCode = await withBuildLock(async () => {
  if (!(await buildWasm())) return 1;
  const { status } = spawnSync(process.execPath, [tsc, '--build', ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) return status ?? 1;
  return (await buildWeb()) ? 0 : 1;
});
