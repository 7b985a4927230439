import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { TENSORFLOW_VERSION } from './wheels.js';

const require = createRequire(import.meta.url);

/** The Node-API versions that tfjs-node's addon is named for (`binary.napi_versions` of its package.json). */
const NAPI_VERSIONS = [3, 4, 5, 6, 7, 8];

/** Where `@tensorflow/tfjs-node` is installed. */
export function tfjsNodeFolder(): string {
  return dirname(require.resolve('@tensorflow/tfjs-node/package.json'));
}

/** The version in a package's package.json. */
export function versionOf(packageFolder: string): string {
  return (JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { version: string })
    .version;
}

/** Where the C headers of Node-API lie (npm's node-api-headers). */
export function nodeApiHeaders(): string {
  return join(dirname(require.resolve('node-api-headers/package.json')), 'include');
}

/**
 * Where tfjs-node looks for its addon: `lib/napi-v<n>/tfjs_binding.node`, n the newest Node-API version that both
 * it and this Node know (as @mapbox/node-pre-gyp's `find` decides, without loading it).
 */
export function addonPathOf(tfjsNode: string, napi: number): string {
  const best = NAPI_VERSIONS.filter((version) => version <= napi).at(-1) ?? 3;
  return join(tfjsNode, 'lib', `napi-v${best}`, 'tfjs_binding.node');
}

/** The addon's own C++ sources, unchanged, and ours that sets the log level. */
export function addonSources(tfjsNode: string): string[] {
  const binding = join(tfjsNode, 'binding');
  const own = readdirSync(binding).filter((name) => name.endsWith('.cc'));
  return [
    ...own.sort().map((name) => join(binding, name)),
    fileURLToPath(new URL('../../src/native/log-level.cc', import.meta.url)),
  ];
}

/**
 * The cache of everything that outlives a clone: `ATELIER_CACHE_DIR`, else `XDG_CACHE_HOME/atelier` (the XDG base
 * directory specification: a relative value is ignored), else `~/.cache/atelier`.
 */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env, home: string = homedir()): string {
  if (env['ATELIER_CACHE_DIR']) return env['ATELIER_CACHE_DIR'];
  const xdg = env['XDG_CACHE_HOME'];
  return xdg && isAbsolute(xdg) ? join(xdg, 'atelier') : join(home, '.cache', 'atelier');
}

/** Where TensorFlow for a platform is kept below the cache. */
export interface CachePaths {
  /** Holds the folders of all versions, the lock, and wheels put there by hand. */
  readonly parent: string;
  /** `<parent>/<version>-<platform>`: lib/, include/, receipt.json, the compiled addons. */
  readonly folder: string;
}

/** The cache's folders for one platform. */
export function cachePaths(platform: string, root: string = cacheRoot()): CachePaths {
  const parent = join(root, 'tensorflow');
  return { parent, folder: join(parent, `${TENSORFLOW_VERSION}-${platform}`) };
}
