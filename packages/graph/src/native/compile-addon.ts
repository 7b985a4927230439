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
  /** The C API's library and the framework's. */
  readonly libraries: Wheel['libraries'];
  /** The cache's folder, with lib/ and include/. */
  readonly folder: string;
  readonly sources: readonly string[];
  /** Where node_api.h lies. */
  readonly headers: string;
}

/**
 * The compiler's arguments: the sources to one Node-API addon that finds its library by an absolute rpath.
 * `-z initfirst` lets log-level.cc run before the library's own static objects; `-z nodelete` keeps TensorFlow, whose
 * threads go on running, in memory when the worker thread that loaded the addon ends (Node unloads a worker's addons,
 * and the process would crash).
 */
export function compileArguments(
  { platform, libraries, folder, sources, headers }: Compilation,
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
      ? libraries.map((name) => join(lib, name))
      : [`-L${lib}`, ...libraries.map((name) => `-l:${name}`)]),
    `-Wl,-rpath,${lib}`,
    '-o',
    output,
  ];
}

/** A short digest of what the addon is made from: its sources, their headers and the compiler's arguments. */
export function addonKey(platform: string, tfjsNode: string): string {
  const libraries = ['capi', 'framework'] as const;
  const anywhere = { platform, libraries, folder: '', sources: [], headers: '' };
  const hash = createHash('sha256').update(JSON.stringify(compileArguments(anywhere, '')));
  const binding = join(tfjsNode, 'binding');
  const headers = readdirSync(binding).filter((name) => name.endsWith('.h'));
  for (const path of [...addonSources(tfjsNode), ...headers.sort().map((name) => join(binding, name))]) {
    hash.update('\0').update(readFileSync(path));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Where the compiled addon is kept: a name for what it is made from and for this place, which is its rpath. */
export function compiledAddonPath(folder: string, key: string): string {
  const place = createHash('sha256').update(folder).digest('hex').slice(0, 8);
  return join(folder, `addon-${key}-${place}`, 'tfjs_binding.node');
}

/** What {@link compileAddon} needs from outside. */
export interface CompileEffects {
  readonly run: (command: Command) => Promise<CommandResult>;
  readonly report: (line: string) => void;
}

/** An addon to be had: for which platform, from which tfjs-node, against the libraries in which cache folder. */
export type AddonWanted = Pick<Compilation, 'platform' | 'libraries' | 'folder'> & {
  readonly tfjsNode: string;
};

/**
 * Compiles the addon into the cache unless it is there (8 s).
 *
 * @returns its path in the cache.
 * @throws AtelierError NATIVE_UNAVAILABLE where no compiler is found, or it fails.
 */
export async function compileAddon(wanted: AddonWanted, { run, report }: CompileEffects): Promise<string> {
  const { platform, folder, tfjsNode } = wanted;
  const addon = compiledAddonPath(folder, addonKey(platform, tfjsNode));
  if (existsSync(addon)) return addon;
  report("TensorFlow: compiling tfjs-node's addon against it");
  const compilation = { ...wanted, sources: addonSources(tfjsNode), headers: nodeApiHeaders() };
  const compilers = [process.env['CXX'] ?? '', 'c++', 'g++', 'clang++'].filter((name) => name !== '');
  await placeWith(addon, async (temporary) => {
    for (const file of compilers) {
      const result = await run({ file, args: compileArguments(compilation, temporary), limitMs: 600_000 });
      if (result.notFound) continue;
      if (!result.ok) throw stepError(compileFailure(file, result));
      return;
    }
    throw stepError(noCompilerFailure(compilers, platform));
  });
  return addon;
}
