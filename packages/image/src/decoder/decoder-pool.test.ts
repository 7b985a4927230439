import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { AtelierError } from '@atelier/core';
import { measureImage } from '../measure-image.js';
import { probeImage } from '../probe-image.js';
import { prepareImage, resizeImage } from '../resize-image.js';
import { hostileProgram } from '../testing/decoder-program.js';
import { options as settings, png, scene } from '../testing/pictures.js';
import { createDecoderPool, type DecoderPool, type DecoderPoolOptions } from './decoder-pool.js';
import type { DecoderLimits, PreparedFile } from './protocol.js';

const limits: DecoderLimits = {
  maxPixels: 1_000_000,
  maxFileBytes: 1_000_000,
  maxMemoryBytes: 2 ** 31,
  timeoutMs: 20_000,
};
const { resize } = settings({ width: 16, height: 12 });
const options = { resize, limits };

let folder: string;
let pools: DecoderPool[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atelier-decoders-'));
  pools = [];
});
afterEach(() => {
  for (const pool of pools) pool.rest();
  rmSync(folder, { recursive: true });
});

function pool(given: DecoderPoolOptions = {}): DecoderPool {
  const made = createDecoderPool({ idleMs: 60_000, ...given });
  pools.push(made);
  return made;
}
async function file(name: string, seed = 1): Promise<{ path: string; sha256: string; bytes: Uint8Array }> {
  const bytes = await png(scene(40, 30, seed));
  writeFileSync(join(folder, name), bytes);
  return {
    path: join(folder, name),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    bytes,
  };
}
async function refusal(promise: Promise<unknown>): Promise<AtelierError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AtelierError);
  return error as AtelierError;
}
const lines = (log: string) => readFileSync(log, 'utf8').trim().split('\n');
const count = (log: string, text: string) => lines(log).filter((line) => line.startsWith(text)).length;
const plain = ({ jpeg, measures }: PreparedFile) => ({ jpeg: Buffer.from(jpeg).toString('hex'), measures });
const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    // what has ended and waits for its new parent to notice counts no more
    const status = existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, 'utf8') : '';
    return !/^State:\s+Z/m.test(status);
  } catch {
    return false;
  }
};
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++) await sleep(20);
  expect(condition()).toBe(true);
}

describe('a decoder pool', () => {
  it('gives what the same code gives in this process, whatever goes on beside it', async () => {
    const files = await Promise.all(Array.from({ length: 12 }, (_, i) => file(`${i}.png`, i)));
    const wanted = await Promise.all(
      files.map(async ({ bytes }) => ({
        jpeg: Buffer.from((await prepareImage(bytes, options)).jpeg).toString('hex'),
        measures: measureImage(await resizeImage(bytes, options)),
      })),
    );
    for (const shape of [
      { processes: 1, perProcess: 1 },
      { processes: 3, perProcess: 2 },
    ]) {
      const decoders = pool(shape);
      const made = await Promise.all(files.map((source) => decoders.prepare(source, options)));
      expect(made.map(plain)).toEqual(wanted);
    }
  });

  it('reads headers', async () => {
    const { path, bytes } = await file('a.png');
    const header = await probeImage(bytes, limits);
    expect(await pool().probe({ path }, limits)).toEqual({ ...header, sizeBytes: bytes.length });
  });

  it('carries refusals over in full', async () => {
    writeFileSync(join(folder, 'page.jpg'), '<!doctype html>');
    const source = { path: join(folder, 'page.jpg') };
    const here = await refusal(probeImage(readFileSync(source.path), limits));
    const there = await refusal(pool().prepare(source, options));
    expect(there.toJSON()).toEqual(here.toJSON());
    expect(there).toMatchObject({ code: 'INPUT_INVALID', problem: 'it is a web page, not a picture' });
  });

  it('tells a file that is gone, one that has changed, and one too large to be read', async () => {
    const decoders = pool();
    const { path, sha256, bytes } = await file('a.png');
    const missing = decoders.prepare({ path: `${path}x`, sha256 }, options);
    expect(await refusal(missing)).toMatchObject({ code: 'INPUT_MISSING', path: `${path}x` });
    const changed = decoders.prepare({ path, sha256: sha256.replace(/^./, 'g') }, options);
    expect(await refusal(changed)).toMatchObject({ code: 'INPUT_CHANGED', path });
    const maxFileBytes = bytes.length - 1;
    const large = decoders.probe({ path, sha256 }, { ...limits, maxFileBytes });
    expect(await refusal(large)).toMatchObject({
      code: 'INPUT_INVALID',
      problem: `it has ${bytes.length} bytes, more than limits.maxFileBytes ${maxFileBytes}`,
    });
  });

  it('waits for no pipe, and reads no device', async () => {
    const pipe = join(folder, 'pipe.png');
    execFileSync('mkfifo', [pipe]);
    for (const path of [pipe, '/dev/zero', folder]) {
      expect(await refusal(pool().prepare({ path }, options))).toMatchObject({
        code: 'INPUT_INVALID',
        problem: 'it is no regular file',
      });
    }
    expect(await refusal(pool().probe({ path: join(folder, 'none') }, limits))).toMatchObject({
      code: 'READ_FAILED',
    });
  });

  it('starts with the first picture, and ends when there is nothing to do', async () => {
    const { program, log } = hostileProgram(folder);
    const decoders = pool({ program, processes: 3, idleMs: 50 });
    await sleep(100);
    expect(count(log, 'start')).toBe(0);
    await decoders.prepare(await file('a.png'), options);
    expect(count(log, 'start')).toBe(1);
    const pid = Number(lines(log)[0]?.split(' ')[1]);
    await until(() => !isAlive(pid));
    await decoders.prepare(await file('b.png'), options);
    expect(count(log, 'start')).toBe(2);
  });

  it('lets large pictures wait for memory', async () => {
    const { program, log } = hostileProgram(folder);
    const decoders = pool({ program, processes: 2, perProcess: 2 });
    const size = { format: 'png', width: 9000, height: 10_000, sizeBytes: 1 } as const; // 720 MB of two gigabytes
    const files = await Promise.all([1, 2, 3, 4, 5].map((i) => file(`slow${i}.png`, i)));
    await Promise.all(files.map((source) => decoders.prepare({ ...source, size }, options)));
    let [atOnce, most] = [0, 0];
    for (const line of lines(log)) {
      if (line.startsWith('begin')) most = Math.max(most, ++atOnce);
      if (line.startsWith('end')) atOnce -= 1;
    }
    expect(most).toBe(2);
  });
});

describe('a picture that brings down a decoder', () => {
  const shapes: [string, DecoderPoolOptions][] = [
    ['among others in one process', { processes: 1, perProcess: 4 }],
    ['beside other processes', { processes: 3, perProcess: 1 }],
  ];

  it.each(
    shapes.flatMap(([where, shape]) =>
      [
        ['crash', {}, 'it made the decoder crash'],
        [
          'hang',
          { timeoutMs: 3000 },
          'it made the decoder hang: it was not decoded within limits.timeoutMs 3000',
        ],
        [
          'spin',
          { timeoutMs: 3000 },
          'it made the decoder hang: it was not decoded within limits.timeoutMs 3000',
        ],
        [
          'greedy',
          { maxMemoryBytes: 500e6 },
          'decoding it took more memory than limits.maxMemoryBytes 500000000',
        ],
      ].map(([kind, own, reason]) => [kind, where, { shape, own, reason }] as const),
    ),
  )('by a %s %s is refused, and the others are made as ever', async (kind, _, { shape, own, reason }) => {
    const { program, log } = hostileProgram(folder);
    const decoders = pool({ program, ...shape });
    const asked = { resize, limits: { ...limits, ...(own as Partial<DecoderLimits>) } };
    const names = ['a.png', 'slow1.png', `${kind as string}.png`, 'slow2.png', 'b.png', 'c.png'];
    const files = await Promise.all(names.map((name, i) => file(name, i)));
    const results = await Promise.allSettled(files.map((source) => decoders.prepare(source, asked)));
    const wanted = await Promise.all(files.map(({ bytes }) => prepareImage(bytes, options)));
    results.forEach((result, i) => {
      if (result.status === 'fulfilled') {
        expect(Buffer.from(result.value.jpeg)).toEqual(Buffer.from(wanted[i]?.jpeg as Uint8Array));
      } else {
        expect(names[i]).toBe(`${kind as string}.png`);
        expect(result.reason).toMatchObject({ code: 'INPUT_INVALID', problem: reason });
        expect((result.reason as AtelierError).hint).not.toBe('');
      }
    });
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(count(log, `begin ${kind as string}`)).toBe(2); // once among others, once alone
  });

  it('is refused only if it does so alone too: a process that somebody killed is nobody’s fault', async () => {
    const { program, log } = hostileProgram(folder);
    const decoders = pool({ program, processes: 1, perProcess: 2 });
    const files = await Promise.all(['once.png', 'slow.png'].map((name, i) => file(name, i)));
    await expect(Promise.all(files.map((source) => decoders.prepare(source, options)))).resolves.toHaveLength(
      2,
    );
    expect(count(log, 'start')).toBe(3);
  });

  it('is refused while its header is read, too', async () => {
    const { program } = hostileProgram(folder);
    const { path } = await file('crash.png');
    expect(await refusal(pool({ program }).probe({ path }, limits))).toMatchObject({
      problem: 'it made the decoder crash',
    });
  });

  it('goes on and on: many of them keep no other waiting for ever', async () => {
    const { program } = hostileProgram(folder);
    const decoders = pool({ program, processes: 2, perProcess: 2 });
    const names = Array.from({ length: 12 }, (_, i) => `${i % 3 === 0 ? 'crash' : 'good'}${i}.png`);
    const files = await Promise.all(names.map((name, i) => file(name, i)));
    const results = await Promise.allSettled(files.map((source) => decoders.prepare(source, options)));
    expect(results.map(({ status }) => status === 'rejected')).toEqual(
      names.map((name) => name.startsWith('crash')),
    );
  });
});

describe('the processes of a pool', () => {
  it('that cannot be started fail the run, not the picture', async () => {
    const program = join(folder, 'broken.mjs');
    writeFileSync(program, 'throw new Error("no such library");');
    const decoders = pool({ program: pathToFileURL(program) });
    const error = await refusal(decoders.prepare(await file('a.png'), options));
    expect(error).toMatchObject({ code: 'PROGRAM_FAILED' });
    expect(error.problem).toMatch(/exit code 1: .*no such library/s);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'let the pool decide what becomes of a %s',
    async (signal) => {
      const { program, log } = hostileProgram(folder);
      const work = pool({ program, processes: 1 }).prepare(await file('slow.png'), options);
      await until(() => count(log, 'begin') === 1);
      process.kill(Number(lines(log)[0]?.split(' ')[1]), signal);
      await expect(work).resolves.toBeDefined();
      expect(count(log, 'start')).toBe(1);
    },
  );

  /** A program that makes a pool of its own, and waits for these pictures. */
  function user(program: URL, paths: readonly string[], more: DecoderPoolOptions = {}): ChildProcess {
    const script = `import { createDecoderPool } from '${new URL('../../dist/index.js', import.meta.url).href}';
      const pool = createDecoderPool({ program: new URL('${program.href}'), ...${JSON.stringify(more)} });
      const probe = (path) => pool.probe({ path }, ${JSON.stringify(limits)});
      await Promise.all(${JSON.stringify(paths)}.map(probe));`;
    return spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'ignore' });
  }
  /** The hostile program, behind a start that says so in the log and then does something else first. */
  function lateProgram(first: string): { program: URL; log: string } {
    const { program, log } = hostileProgram(folder);
    const late = join(folder, 'late.mjs');
    writeFileSync(
      late,
      `import { appendFileSync, mkdirSync } from 'node:fs';
import { endWithPool } from '${new URL('../../dist/decoder/serve-tasks.js', import.meta.url).href}';
endWithPool();
let isFirst = true;
try { mkdirSync('${log}.first'); } catch { isFirst = false; }
appendFileSync('${log}', 'late ' + process.pid + '\\n');
${first}
await import('${program.href}');`,
    );
    return { program: pathToFileURL(late), log };
  }
  const pidOf = (log: string, text: string) =>
    Number(
      lines(log)
        .find((line) => line.startsWith(text))
        ?.split(' ')
        .at(-1),
    );

  it('end with the program that started them, however that ends and whatever they do', async () => {
    const { program, log } = hostileProgram(folder);
    const parent = user(program, [(await file('hang.png')).path]);
    await until(() => count(log, 'begin') === 1);
    parent.kill('SIGKILL');
    await until(() => !isAlive(pidOf(log, 'start')));
  });

  it.each([
    ['waits', 'await new Promise((resolve) => setTimeout(resolve, 500));'],
    ['computes', 'for (const end = Date.now() + 500; Date.now() < end; );'],
  ])('end with it while one of them %s before it is ready, too', async (_, first) => {
    const { program, log } = lateProgram(first);
    const parent = user(program, [(await file('a.png')).path]);
    await until(() => count(log, 'late') === 1);
    parent.kill('SIGKILL');
    await until(() => !isAlive(pidOf(log, 'late')));
  });

  it('do not keep a program from ending while one of them is still starting', async () => {
    const { program, log } = lateProgram('if (!isFirst) await new Promise((r) => setTimeout(r, 1e6));');
    const files = await Promise.all(['a.png', 'b.png'].map((name, i) => file(name, i)));
    const begun = Date.now();
    const program1 = user(
      program,
      files.map(({ path }) => path),
      { processes: 2, perProcess: 2 },
    );
    expect(await new Promise((resolve) => program1.on('exit', resolve))).toBe(0);
    expect(Date.now() - begun).toBeLessThan(30_000);
    await until(() => lines(log).every((line) => !isAlive(Number(line.split(' ').at(-1)))));
    expect(count(log, 'late')).toBe(2);
  });

  it('do not keep a program from ending', async () => {
    const { path } = await file('a.png');
    const script = `import { createDecoderPool } from '${new URL('../../dist/index.js', import.meta.url).href}';
      const { width } = await createDecoderPool({ idleMs: 1e6 }).probe({ path: '${path}' }, ${JSON.stringify(limits)});
      process.exitCode = width;`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'ignore' });
    expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(40);
  });
});
