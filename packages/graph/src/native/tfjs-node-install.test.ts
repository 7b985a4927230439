import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runCommand } from './run-command.js';
import { runTfjsNodeInstaller } from './tfjs-node-install.js';

let tfjsNode: string;
beforeEach(async () => {
  tfjsNode = await mkdtemp(join(tmpdir(), 'atelier-tfjs-node-'));
  await mkdir(join(tfjsNode, 'scripts'));
  await writeFile(join(tfjsNode, 'package.json'), '{ "name": "tfjs-node" }\n');
});
afterEach(() => rm(tfjsNode, { recursive: true, force: true }));

/** Runs the installer with the given text as its script. */
async function run(script: string, firstByteMs?: number): Promise<void> {
  await writeFile(join(tfjsNode, 'scripts', 'install.js'), script);
  await runTfjsNodeInstaller(
    { tfjsNode, addonPath: join(tfjsNode, 'addon.node'), run: runCommand },
    firstByteMs,
  );
}

describe('runTfjsNodeInstaller', () => {
  it('is content with an addon', async () => {
    await expect(run('require("fs").writeFileSync("addon.node", "x")')).resolves.toBeUndefined();
  });

  it("fails with the installer's own words, takes away a half-unpacked library and puts package.json back", async () => {
    const script = `const fs = require('fs'); fs.mkdirSync('deps/lib', { recursive: true });
      fs.writeFileSync('package.json', '{}'); throw new Error('getaddrinfo ENOTFOUND host');`;
    await expect(run(script)).rejects.toMatchObject({
      code: 'NATIVE_UNAVAILABLE',
      problem: 'Error: getaddrinfo ENOTFOUND host',
    });
    expect(existsSync(join(tfjsNode, 'deps'))).toBe(false);
    expect(await readFile(join(tfjsNode, 'package.json'), 'utf8')).toBe('{ "name": "tfjs-node" }\n');
  });

  it('keeps a library that was there before', async () => {
    await mkdir(join(tfjsNode, 'deps', 'lib'), { recursive: true });
    await expect(run('process.exit(1)')).rejects.toMatchObject({ problem: 'exit code 1' });
    expect(existsSync(join(tfjsNode, 'deps', 'lib'))).toBe(true);
  });

  it('gives up on a host that sends nothing', async () => {
    await expect(run('setInterval(() => {}, 1000)', 100)).rejects.toMatchObject({
      problem: 'nothing came from its host in 0.1 s',
    });
  });

  it('does not believe an installer that ends without an addon', async () => {
    await expect(run('')).rejects.toMatchObject({ problem: 'its installer ended without an addon' });
  });
});
