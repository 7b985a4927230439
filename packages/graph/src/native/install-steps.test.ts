import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

import { ensureNative } from './ensure-native.js';
import { type InstallContext, installEffects } from './install-steps.js';
import { addonPathOf, cachePaths } from './native-paths.js';
import { nativeState, type NativeState, stampPathOf } from './native-state.js';
import type { Command, CommandResult } from './run-command.js';
import { TENSORFLOW_VERSION, thisMachine, type Wheel } from './wheels.js';

/** A zip archive with its members stored (APPNOTE.TXT 4.3.7, 4.3.12, 4.3.16). */
function zipOf(members: Readonly<Record<string, string>>): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(members)) {
    const [path, data] = [Buffer.from(name), Buffer.from(text)];
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt32LE(crc32(data), 14);
    local.writeUInt32LE(data.length, 18);
    local.writeUInt32LE(data.length, 22);
    local.writeUInt16LE(path.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    local.copy(entry, 6, 4, 30); // version needed to name length: the same fields, two bytes on
    entry.writeUInt32LE(offset, 42);
    locals.push(local, path, data);
    central.push(entry, path);
    offset += 30 + path.length + data.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(central.length / 2, 8);
  end.writeUInt16LE(central.length / 2, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

const ARCHIVE = zipOf({
  'tensorflow/libcapi.so': 'the C API',
  'tensorflow/libframework.so': 'the framework',
  'tensorflow/include/tensorflow/c/c_api.h': '// C',
  'tensorflow/python/huge.so': 'not needed',
});

const WHEEL: Wheel = {
  distribution: 'tensorflow-test',
  file: 'tensorflow_test-2.21.0-cp312-cp312-any.whl',
  platformTag: 'any',
  glibc: null,
  sha256: createHash('sha256').update(ARCHIVE).digest('hex'),
  sizeBytes: ARCHIVE.length,
  unpackedBytes: 30,
  libraries: ['libcapi.so', 'libframework.so'],
};

const OK: CommandResult = { ok: true, notFound: false, ending: 'exit code 0', stdout: '', stderr: '' };
const MISSING: CommandResult = { ...OK, ok: false, notFound: true, ending: 'spawn ENOENT' };
const said = (stderr: string): CommandResult => ({ ...OK, ok: false, ending: 'exit code 1', stderr });

type Role = 'installer' | 'pip' | 'compiler' | 'load';

/** Which of the four programs a command starts. */
function roleOf({ args }: Command): Role {
  if (args.some((arg) => arg.endsWith('install.js'))) return 'installer';
  if (args.includes('download')) return 'pip';
  return args[0] === '-e' ? 'load' : 'compiler';
}

let root: string;
let clones = 0;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'atelier-native-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** A clone with a tfjs-node of its own, the shared cache, and programs that do what they should unless told otherwise. */
async function clone(
  programs: Partial<Record<Role, (command: Command) => Promise<CommandResult> | CommandResult>> = {},
) {
  const tfjsNode = join(root, `clone-${clones++}`, 'tfjs-node');
  await mkdir(join(tfjsNode, 'binding'), { recursive: true });
  await writeFile(join(tfjsNode, 'package.json'), '{}');
  await writeFile(join(tfjsNode, 'binding', 'addon.cc'), 'int main;');
  const log: Role[] = [];
  const lines: string[] = [];
  const machine = thisMachine();
  const context: InstallContext = {
    machine,
    tfjsNode,
    addonPath: addonPathOf(tfjsNode, machine.napi),
    paths: cachePaths(machine.platform, join(root, 'cache')),
    wheel: WHEEL,
    report: (line) => void lines.push(line),
    freeBytes: () => Promise.resolve(1e9),
    run: async (command) => {
      const role = roleOf(command);
      log.push(role);
      return (await programs[role]?.(command)) ?? (await programThatWorks(role, command));
    },
  };
  const install = (force = false): Promise<NativeState> =>
    ensureNative({ report: context.report, force }, installEffects(context));
  return { log, lines, context, install };
}

async function programThatWorks(role: Role, { args }: Command): Promise<CommandResult> {
  if (role === 'installer') return said('Error: getaddrinfo ENOTFOUND host');
  if (role === 'load') return { ...OK, stdout: TENSORFLOW_VERSION };
  if (role === 'pip') {
    const folder = args.find((arg) => arg.startsWith('--dest='))?.slice('--dest='.length) ?? '';
    await writeFile(join(folder, WHEEL.file), ARCHIVE);
  } else {
    await writeFile(args.at(-1) ?? '', 'compiled');
  }
  return OK;
}

const cacheFiles = async (): Promise<string[]> =>
  (await readdir(join(root, 'cache', 'tensorflow'), { recursive: true }))
    .map((name) => name.replaceAll('\\', '/'))
    .sort();

describe('the three ways to install', () => {
  it('ends at the wheel: needed members only, addon compiled, placed and tried', async () => {
    const { log, lines, context, install } = await clone();
    const state = await install();
    expect(state).toEqual({
      kind: 'wheel',
      tensorflowVersion: TENSORFLOW_VERSION,
      libraryPath: join(context.paths.folder, 'lib', 'libcapi.so'),
      addonPath: context.addonPath,
      platform: context.machine.platform,
      problem: null,
    });
    expect(log).toEqual(['installer', 'pip', 'compiler', 'load']);
    expect(await readFile(context.addonPath, 'utf8')).toBe('compiled');
    const below = (await cacheFiles()).map((name) =>
      name.replace(/^2\.21\.0-[^/]+\/?/, '').replace(/addon-[0-9a-f]{16}-[0-9a-f]{8}/, 'addon'),
    );
    expect(below).toEqual(
      [
        '',
        'addon',
        'addon/tfjs_binding.node',
        'include',
        'include/tensorflow',
        'include/tensorflow/c',
        'include/tensorflow/c/c_api.h',
        'lib',
        'lib/libcapi.so',
        'lib/libframework.so',
        'receipt.json',
      ].sort(),
    );
    expect(lines.at(-1)).toMatch(/^TensorFlow 2\.21\.0 is installed: the C library of PyPI's wheel, /);
  });

  it('starts nothing and says nothing the second time', async () => {
    const { log, lines, install } = await clone();
    const first = await install();
    log.length = lines.length = 0;
    expect(await install()).toEqual(first);
    expect([...log, ...lines]).toEqual([]);
  });

  it('serves a fresh clone from the cache: neither network nor compiler', async () => {
    await (await clone()).install();
    const { log, install } = await clone();
    expect(await install()).toMatchObject({ kind: 'wheel', problem: null });
    expect(log).toEqual(['load']);
  });

  it('downloads and compiles once for clones that install at the same time', async () => {
    const both = [await clone(), await clone()];
    const states = await Promise.all(both.map(({ install }) => install()));
    expect(states.map(({ kind, problem }) => [kind, problem])).toEqual([
      ['wheel', null],
      ['wheel', null],
    ]);
    const started = both.flatMap(({ log }) => log).filter((role) => role === 'pip' || role === 'compiler');
    expect(started).toEqual(['pip', 'compiler']);
  });

  it("prefers tfjs-node's own download where that works", async () => {
    const { context, install } = await clone({
      installer: async ({ cwd }) => {
        await mkdir(join(cwd ?? '', 'deps', 'lib'), { recursive: true });
        await writeFile(join(cwd ?? '', 'deps', 'lib', 'libtensorflow.so.2.9.1'), 'lib');
        await mkdir(join(context.addonPath, '..'), { recursive: true });
        await writeFile(context.addonPath, 'prebuilt');
        return OK;
      },
      load: () => ({ ...OK, stdout: '2.9.1' }),
    });
    expect(await install()).toMatchObject({
      kind: 'tfjs-node-download',
      tensorflowVersion: '2.9.1',
      libraryPath: join(context.tfjsNode, 'deps', 'lib', 'libtensorflow.so.2.9.1'),
    });
  });

  it('takes an addon that is there and loads, and tries it only once', async () => {
    const { log, context, install } = await clone();
    await mkdir(join(context.addonPath, '..'), { recursive: true });
    await writeFile(context.addonPath, 'built by hand');
    expect(nativeState(context.tfjsNode)).toMatchObject({
      kind: 'none',
      problem: expect.stringMatching(/not been tried/),
    });
    expect(await install()).toMatchObject({ kind: 'tfjs-node-download', problem: null });
    await install();
    expect(log).toEqual(['load']);
  });

  it('replaces an addon that does not load', async () => {
    const load = async ({ args }: Command): Promise<CommandResult> =>
      (await readFile(args[2] ?? '', 'utf8')) === 'compiled'
        ? { ...OK, stdout: TENSORFLOW_VERSION }
        : said('Error: bad ELF');
    const { lines, context, install } = await clone({ load });
    await mkdir(join(context.addonPath, '..'), { recursive: true });
    await writeFile(context.addonPath, 'broken');
    expect(await install()).toMatchObject({ kind: 'wheel', problem: null });
    expect(lines[0]).toMatch(
      /what is already there: no \(.*tfjs_binding\.node does not load: Error: bad ELF; nothing in/,
    );
  });

  it.each([
    ['the addon', (context: InstallContext) => context.addonPath, /addon has changed/],
    [
      'the library',
      (context: InstallContext) => join(context.paths.folder, 'lib', 'libcapi.so'),
      /libcapi\.so has changed/,
    ],
  ])('sees that %s was altered and mends it', async (_, pathOf, problem) => {
    const { context, install } = await clone();
    await install();
    await writeFile(pathOf(context), 'altered by somebody');
    expect(nativeState(context.tfjsNode).problem).toMatch(problem);
    expect((await install()).problem).toBeNull();
    expect(nativeState(context.tfjsNode).problem).toBeNull();
  });

  it('makes a cache with a damaged receipt anew', async () => {
    const { log, context, install } = await clone();
    await install();
    await writeFile(join(context.paths.folder, 'receipt.json'), '{"for');
    await rm(context.addonPath);
    log.length = 0;
    expect(await install()).toMatchObject({ kind: 'wheel', problem: null });
    expect(log).toContain('pip');
  });

  it('replaces the TensorFlow of an earlier version of this package', async () => {
    const { log, context, install } = await clone();
    await install();
    const stamp = stampPathOf(context.addonPath);
    await writeFile(stamp, (await readFile(stamp, 'utf8')).replace(TENSORFLOW_VERSION, '2.20.0'));
    expect(nativeState(context.tfjsNode).problem).toBe('it is TensorFlow 2.20.0 where 2.21.0 is wanted');
    log.length = 0;
    expect(await install()).toMatchObject({ tensorflowVersion: '2.21.0', problem: null });
    expect(log).toEqual(['load']);
  });

  it('compiles again when the sources of the addon have changed', async () => {
    const { log, context, install } = await clone();
    await install();
    await writeFile(join(context.tfjsNode, 'binding', 'addon.cc'), 'int other;');
    expect(nativeState(context.tfjsNode).problem).toBe('the addon was compiled from other sources');
    log.length = 0;
    expect(await install()).toMatchObject({ kind: 'wheel', problem: null });
    expect(log).toEqual(['compiler', 'load']);
  });

  it('downloads and compiles again when forced', async () => {
    const { log, install } = await clone();
    await install();
    log.length = 0;
    await install(true);
    expect(log).toEqual(['installer', 'pip', 'compiler', 'load']);
  });
});

describe('the wheel', () => {
  it('is refused and removed when its digest is not the pinned one', async () => {
    const { context, install } = await clone({
      pip: async ({ args }) => {
        const folder = args.find((arg) => arg.startsWith('--dest='))?.slice(7) ?? '';
        await writeFile(join(folder, WHEEL.file), ARCHIVE.subarray(0, -1));
        return OK;
      },
    });
    await expect(install()).rejects.toThrow(
      new RegExp(
        `PyPI's wheel: ${WHEEL.file} has SHA-256 [0-9a-f]{64} where ${WHEEL.sha256} is expected, so it was not used`,
      ),
    );
    expect(await cacheFiles()).toEqual([]);
    expect(existsSync(context.addonPath)).toBe(false);
  });

  it('may be put beside by hand: no pip, and it stays', async () => {
    const { log, context, install } = await clone({ pip: () => MISSING });
    await mkdir(context.paths.parent, { recursive: true });
    await writeFile(join(context.paths.parent, WHEEL.file), ARCHIVE);
    expect(await install()).toMatchObject({ kind: 'wheel', problem: null });
    expect(log).not.toContain('pip');
    expect(await cacheFiles()).toContain(WHEEL.file);
  });

  it('is asked of each pip there may be, in turn', async () => {
    const tried: string[] = [];
    const { install } = await clone({
      pip: (command) => {
        tried.push([command.file, ...command.args.slice(0, command.args.indexOf('download'))].join(' '));
        if (tried.length === 1) return said('/usr/bin/python3: No module named pip');
        return tried.length === 2 ? MISSING : programThatWorks('pip', command);
      },
    });
    await install();
    expect(tried).toEqual(['python3 -m pip', 'python -m pip', 'pip3']);
  });

  it.each<[string, Parameters<typeof clone>[0], Partial<InstallContext>, RegExp]>([
    ['no pip', { pip: () => MISSING }, {}, /no pip was found .* Install Python 3 with pip/],
    [
      'no compiler',
      { compiler: () => MISSING },
      {},
      /no C\+\+ compiler was found .* apt-get install g\+\+|xcode-select/,
    ],
    [
      'a compiler that fails',
      { compiler: () => said('a.cc:1: error: no') },
      {},
      /failed, exit code 1: a\.cc:1: error: no/,
    ],
    [
      'no network',
      { pip: () => said('NewConnectionError: [Errno 111] Connection refused') },
      {},
      /cannot reach its index .* or put tensorflow_test/,
    ],
    ['a small disk', {}, { freeBytes: () => Promise.resolve(10) }, /has 0 MB/],
    ['an unknown platform', {}, { wheel: undefined }, /there is no TensorFlow wheel/],
    ['too old a C library', {}, { wheel: { ...WHEEL, glibc: [99, 0] } }, /needs glibc 99\.0/],
    [
      'an addon that does not load',
      { load: () => said('Error: undefined symbol') },
      {},
      /does not load: Error: undefined symbol/,
    ],
  ])('%s: one error with all three ways, and nothing half done', async (...[, programs, other, pattern]) => {
    const { context } = await clone(programs);
    const options = { report: context.report };
    const failing = ensureNative(options, installEffects({ ...context, ...other }));
    const error = (await failing.catch((thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({ code: 'NATIVE_UNAVAILABLE' });
    expect(error.message).toMatch(
      /what is already there: .*; tfjs-node's own download: .*ENOTFOUND.*; the C library of PyPI's wheel: /,
    );
    expect(error.message).toMatch(pattern);
    expect((await cacheFiles()).filter((name) => /tmp|lock/.test(name))).toEqual([]);
    expect(nativeState(context.tfjsNode).kind).toBe('none');
  });
});
