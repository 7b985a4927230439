import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { compileFailure, noCompilerFailure, stepError } from './failure.js';
import { addonSources, nodeApiHeaders } from './native-paths.js';
import { placeWith } from './place-file.js';
import type { Command, CommandResult } from './run-command.js';
import type { Wheel } from './wheels.js';

/** What one compilation takes and where it goes. */
export interface Compilation {
  readonly platform: string;
  readonly wheel: Wheel;
  /** The cache's folder, with lib/ and include/. */
  readonly folder: string;
  readonly sources: readonly string[];
  /** Where node_api.h lies. */
  readonly headers: string;
}

/** The compilation of a tfjs-node's addon against the library in the cache's folder. */
export function addonCompilation(
  { platform, wheel, folder }: Pick<Compilation, 'platform' | 'wheel' | 'folder'>,
  tfjsNode: string,
): Compilation {
  return { platform, wheel, folder, sources: addonSources(tfjsNode), headers: nodeApiHeaders() };
}

/**
 * The compiler's arguments: the sources to one Node-API addon that finds its library by an absolute rpath.
 * `-z initfirst` lets log-level.cc run before the library's own static objects; `-z nodelete` keeps TensorFlow, whose
 * threads go on running, in memory when the worker thread that loaded the addon ends (Node unloads a worker's addons,
 * and the process would crash).
 */
export function compileArguments(
  { platform, wheel, folder, sources, headers }: Compilation,
  output: string,
): string[] {
  const lib = join(folder, 'lib');
  const isMac = platform.startsWith('darwin');
  return [
    '-std=c++17',
    '-O2',
    '-fPIC',
    '-DNAPI_VERSION=8',
    ...(isMac
      ? ['-bundle', '-undefined', 'dynamic_lookup']
      : ['-shared', '-Wl,-z,initfirst', '-Wl,-z,nodelete']),
    `-I${headers}`,
    `-I${dirname(sources[0] ?? '')}`,
    `-I${join(folder, 'include')}`,
    ...sources,
    ...(isMac
      ? wheel.libraries.map((name) => join(lib, name))
      : [`-L${lib}`, ...wheel.libraries.map((name) => `-l:${name}`)]),
    `-Wl,-rpath,${lib}`,
    '-o',
    output,
  ];
}

/** Where the compiled addon is kept: a name for these sources, these arguments and this place. */
export function compiledAddonPath(compilation: Compilation): string {
  const hash = createHash('sha256').update(
    JSON.stringify(compileArguments({ ...compilation, sources: [], headers: '' }, '')),
  );
  const binding = dirname(compilation.sources[0] ?? '');
  const headers = readdirSync(binding).filter((name) => name.endsWith('.h'));
  for (const path of [...compilation.sources, ...headers.sort().map((name) => join(binding, name))]) {
    hash.update('\0').update(readFileSync(path));
  }
  return join(compilation.folder, `addon-${hash.digest('hex').slice(0, 16)}`, 'tfjs_binding.node');
}

/**
 * Compiles the addon into the cache unless it is there (8 s).
 *
 * @param run starts a program.
 * @throws AtelierError NATIVE_UNAVAILABLE where no compiler is found, or it fails.
 */
export async function compileAddon(
  compilation: Compilation,
  { run, report }: { run: (command: Command) => Promise<CommandResult>; report: (line: string) => void },
): Promise<string> {
  const addon = compiledAddonPath(compilation);
  if (existsSync(addon)) return addon;
  report("TensorFlow: compiling tfjs-node's addon against it");
  const compilers = [process.env['CXX'], 'c++', 'g++', 'clang++'].filter(
    (name) => name !== undefined && name !== '',
  );
  await placeWith(addon, async (temporary) => {
    for (const file of compilers as string[]) {
      const result = await run({ file, args: compileArguments(compilation, temporary), limitMs: 600_000 });
      if (result.notFound) continue;
      if (!result.ok) throw stepError(compileFailure(file, result));
      return;
    }
    throw stepError(noCompilerFailure(compilers as string[], compilation.platform));
  });
  return addon;
}
