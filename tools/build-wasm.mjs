// Compiles packages/transform's AssemblyScript kernel to WebAssembly, only when a source is newer than the output.
import { existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const sources = fileURLToPath(new URL('../packages/transform/assembly', import.meta.url));
const output = fileURLToPath(new URL('../packages/transform/dist/kernel.wasm', import.meta.url));
const options = ['--baseDir', sources, '-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd'];

/** False when the kernel does not compile; what the compiler says of it goes to stderr. */
export async function buildWasm() {
  const inputs = [
    fileURLToPath(import.meta.url),
    ...readdirSync(sources).map((name) => path.join(sources, name)),
  ];
  const newest = Math.max(...inputs.map((file) => statSync(file).mtimeMs));
  if (existsSync(output) && statSync(output).mtimeMs > newest) return true;
  const { default: asc } = await import('assemblyscript/asc');
  let binary;
  const { error, stderr } = await asc.main(['kernel.ts', '--outFile', 'kernel.wasm', ...options], {
    writeFile: (_name, contents) => void (binary = contents),
  });
  process.stderr.write(stderr.toString());
  if (error !== null || binary === undefined) return false;
  mkdirSync(path.dirname(output), { recursive: true });
  const partial = `${output}.${process.pid}`;
  writeFileSync(partial, binary);
  renameSync(partial, output); // of several builds at once, each leaves a whole file
  return true;
}
