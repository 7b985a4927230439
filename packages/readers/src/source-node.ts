import { fileURLToPath } from 'node:url';

/**
 * Arguments of Node with which a child process runs the packages' TypeScript sources, unbuilt: for tests that kill,
 * limit or time a process of its own. For example `spawn(process.execPath, [...sourceNodeArgs, '--eval', script],
 * { cwd: repositoryRoot })`, where the script is an ES module and imports '@atelier/…'.
 */
export const sourceNodeArgs: readonly string[] = [
  '--conditions=@atelier/source',
  `--import=${new URL('../src/source-loader.mjs', import.meta.url).href}`,
  '--input-type=module',
];

/** The folder that holds package.json and packages/. */
export const repositoryRoot: string = fileURLToPath(new URL('../../..', import.meta.url));
