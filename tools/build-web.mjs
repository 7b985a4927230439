// Bundles the inspector's front end with Vite, only when a source is newer than the output.
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const app = fileURLToPath(new URL('../apps/inspector', import.meta.url));
const web = path.join(app, 'web');
const output = path.join(app, 'dist/web');
/** Whatever the bundle is made from; which packages, the lock file says. */
const inputs = [
  web,
  path.join(app, 'src/charts'),
  fileURLToPath(import.meta.url),
  path.join(app, '../../package-lock.json'),
];

/** False when the front end does not bundle; what Vite says of it goes to stderr. */
export async function buildWeb() {
  const built = path.join(output, 'index.html');
  if (existsSync(built) && statSync(built).mtimeMs > Math.max(...inputs.map(newest))) return true;
  const { build } = await import('vite');
  const partial = `${output}.${process.pid}`;
  try {
    await build({
      configFile: false,
      root: web,
      logLevel: 'error',
      build: { outDir: partial, emptyOutDir: true, target: 'es2022', chunkSizeWarningLimit: 2000 },
    });
  } catch (error) {
    console.error(error.message);
    rmSync(partial, { recursive: true, force: true });
    return false;
  }
  rmSync(output, { recursive: true, force: true });
  renameSync(partial, output); // a server that runs meanwhile sees the old front end or the new one
  return true;
}

/** The latest modification below a path, in ms. */
function newest(file) {
  const { mtimeMs } = statSync(file);
  if (!statSync(file).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(file).map((name) => newest(path.join(file, name))));
}
