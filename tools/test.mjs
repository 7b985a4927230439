// `npm test`: build, format, types, lint, then every jest test. Each check counts as one test; the last line is
// "N passed, M failed" over all of them. Arguments go to jest: `npm test -- packages/split`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (path) => join(root, 'node_modules', path);
const jestArgs = process.argv.slice(2);

/** Runs a Node program in the repository and reports how long it took. */
function run(name, args, env = {}) {
  const start = Date.now();
  console.log(`\n== ${name}`);
  const { status, error } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, NX_ISOLATE_PLUGINS: 'false', ...env },
  });
  if (error) console.error(error.message);
  const passed = status === 0;
  console.log(`== ${name}: ${passed ? 'ok' : 'FAILED'} in ${((Date.now() - start) / 1000).toFixed(1)} s`);
  return passed;
}

const checks = [['build', ['tools/build.mjs']]];
if (jestArgs.length === 0) {
  checks.push(
    ['format', [bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.']],
    ['types', [bin('typescript/lib/tsc.js'), '-p', 'tsconfig.test.json']],
    // through Nx: eslint alone skips the module boundaries on a fresh clone
    ['lint', [bin('nx/dist/bin/nx.js'), 'run', 'atelier:lint', '--output-style=stream']],
  );
}
const results = checks.map(([name, args]) => run(name, args));
let passed = results.filter(Boolean).length;
let failed = results.length - passed;
let skipped = 0;

const folder = mkdtempSync(join(tmpdir(), 'atelier-test-'));
const report = join(folder, 'jest.json');
const ended = run(
  'tests',
  [
    '--experimental-vm-modules',
    '--no-warnings',
    bin('jest/bin/jest.js'),
    '--json',
    `--outputFile=${report}`,
    ...jestArgs,
  ],
  { ATELIER_BUILT: '1' },
);
try {
  const jest = JSON.parse(readFileSync(report, 'utf8'));
  passed += jest.numPassedTests;
  // a file that fails to load has no tests to count
  failed += jest.numFailedTests + jest.numRuntimeErrorTestSuites;
  skipped += jest.numPendingTests + jest.numTodoTests;
  if (!ended && jest.numFailedTests + jest.numRuntimeErrorTestSuites === 0) failed += 1;
} catch {
  console.error('jest left no report: it could not start, or was stopped');
  failed += 1;
}
rmSync(folder, { recursive: true, force: true });

console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
