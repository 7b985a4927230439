import { createRequire } from 'node:module';
import { join } from 'node:path';

import { addonPathOf, addonSources, cachePaths, cacheRoot, tfjsNodeFolder } from './native-paths.js';
import { thisMachine } from './wheels.js';

describe('cacheRoot', () => {
  it.each([
    [{ ATELIER_CACHE_DIR: '/a', XDG_CACHE_HOME: '/x' }, '/a'],
    [{ XDG_CACHE_HOME: '/x' }, '/x/atelier'],
    [{ XDG_CACHE_HOME: 'relative' }, '/home/me/.cache/atelier'],
    [{ ATELIER_CACHE_DIR: '', XDG_CACHE_HOME: '' }, '/home/me/.cache/atelier'],
  ])('%j', (env, root) => {
    expect(cacheRoot(env, '/home/me')).toBe(root);
  });

  it('keeps versions and platforms apart', () => {
    expect(cachePaths('linux-x64', '/a')).toEqual({
      parent: '/a/tensorflow',
      folder: '/a/tensorflow/2.21.0-linux-x64',
    });
  });
});

describe('addonPathOf', () => {
  it('is the newest Node-API folder that both sides know', () => {
    expect(addonPathOf('/t', 9)).toBe('/t/lib/napi-v8/tfjs_binding.node');
    expect(addonPathOf('/t', 6)).toBe('/t/lib/napi-v6/tfjs_binding.node');
  });

  it('is where tfjs-node itself looks', () => {
    const tfjsNode = tfjsNodeFolder();
    const require = createRequire(join(tfjsNode, 'package.json'));
    const { find } = require('@mapbox/node-pre-gyp') as { find: (manifest: string) => string };
    expect(addonPathOf(tfjsNode, thisMachine().napi)).toBe(find(join(tfjsNode, 'package.json')));
  });
});

describe('addonSources', () => {
  it("is tfjs-node's own C++ and our log level", () => {
    const names = addonSources(tfjsNodeFolder()).map((path) => path.split(/[\\/]/).at(-1));
    expect(names).toEqual(['tfjs_backend.cc', 'tfjs_binding.cc', 'log-level.cc']);
  });
});
