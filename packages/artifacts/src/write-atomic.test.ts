import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { repositoryRoot, sourceNodeArgs } from '@atelier/readers';
import { digestFile, sha256 } from './digest.js';
import { writeError } from './file-errors.js';
import { createAtomicFile, isPartialFileName, writeFileAtomic } from './write-atomic.js';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), 'atomic-'))));
afterEach(() => rm(folder, { recursive: true }));

const inFolder = (name: string) => path.join(folder, name);

describe('writeFileAtomic', () => {
  it('writes bytes and UTF-8 text, replaces what was there, makes the folder, and tells the digest', async () => {
    const file = inFolder('new/folder/name.txt');
    expect(await writeFileAtomic(file, 'été')).toEqual({ sizeBytes: 5, sha256: sha256('été') });
    expect(await readFile(file, 'utf8')).toBe('été');
    await writeFileAtomic(file, Uint8Array.of(1, 2), { durable: false });
    expect(await readFile(file)).toEqual(Buffer.of(1, 2));
    expect(await readdir(path.dirname(file))).toEqual(['name.txt']);
  });

  it('takes names of 255 bytes', async () => {
    const name = 'é'.repeat(127) + 'x';
    await writeFileAtomic(inFolder(name), 'x');
    expect(await readdir(folder)).toEqual([name]);
  });

  it('never shows a partial file to a reader, with many writers on one name', async () => {
    const file = inFolder('contended');
    const contents = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(100_000));
    let isWriting = true;
    const writers = Promise.all(contents.map((content) => writeFileAtomic(file, content)));
    const reader = (async () => {
      const seen: string[] = [];
      while (isWriting) seen.push(await readFile(file, 'utf8').catch(() => contents[0] as string));
      return seen;
    })();
    await writers;
    isWriting = false;
    for (const content of await reader) expect(contents).toContain(content);
    expect(await readdir(folder)).toEqual(['contended']);
  });

  it.each([
    ['a file where a folder should be', 'file/below.txt', /a part of its path is a file|already exists/],
    ['a folder of that name', 'folder', /a folder of that name is in the way/],
    ['a name that is too long', 'x'.repeat(256), /the name is too long/],
  ])('says what stands in the way: %s', async (_name, target, message) => {
    await writeFile(inFolder('file'), 'kept');
    await mkdir(inFolder('folder'));
    const failure = writeFileAtomic(inFolder(target), 'x');
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toMatchObject({
      name: 'AtelierError',
      code: 'WRITE_FAILED',
      path: inFolder(target),
    });
    expect((await readdir(folder)).sort()).toEqual(['file', 'folder']);
  });

  it('fails with DISK_FULL at the largest size allowed, keeping what was there and leaving nothing else', async () => {
    await writeFile(inFolder('big'), 'previous');
    const script = `
import { writeFileAtomic } from '@atelier/artifacts';
await writeFileAtomic(process.env.TARGET, new Uint8Array(1_080_128)).catch((error) => console.log(JSON.stringify(error)));`;
    const command = `ulimit -f 500; exec "$0" "$@"`;
    const { stdout, stderr } = spawnSync(
      'bash',
      ['-c', command, process.execPath, ...sourceNodeArgs, '--eval', script],
      {
        cwd: repositoryRoot,
        env: { ...process.env, TARGET: inFolder('big') },
        encoding: 'utf8',
      },
    );
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ code: 'DISK_FULL', action: 'write', path: inFolder('big') });
    expect(await readdir(folder)).toEqual(['big']);
    expect(await readFile(inFolder('big'), 'utf8')).toBe('previous');
  });
});

describe('writeError', () => {
  it.each([
    ['ENOSPC', 'DISK_FULL', 'the disk is full'],
    ['EDQUOT', 'DISK_FULL', 'the disk quota is used up'],
    ['EFBIG', 'DISK_FULL', 'the file would exceed the largest size allowed here'],
    ['EACCES', 'WRITE_FAILED', 'permission was denied'],
    ['EROFS', 'WRITE_FAILED', 'the file system is read-only'],
    ['EIO', 'WRITE_FAILED', 'EIO: said the system'],
  ])('%s is %s', (system, code, problem) => {
    const cause = Object.assign(new Error(`${system}: said the system`), { code: system });
    const error = writeError('write', '/a/b', cause);
    expect(error).toMatchObject({ code, problem, path: '/a/b', cause });
    expect(error.hint).toMatch(/run again/);
    expect(writeError('write', '/c', error)).toBe(error);
  });
});

describe('createAtomicFile', () => {
  it('has its name only from the commit on, and a digest of all chunks', async () => {
    const file = await createAtomicFile(inFolder('stream'));
    await file.write('ab');
    const partial = await readdir(folder);
    expect(partial).toHaveLength(1);
    expect(partial.every(isPartialFileName)).toBe(true);
    await file.write(Uint8Array.of(0x63));
    expect(await file.commit()).toEqual({ sizeBytes: 3, sha256: sha256('abc') });
    expect(await digestFile(inFolder('stream'))).toEqual({ sizeBytes: 3, sha256: sha256('abc') });
    expect(await readdir(folder)).toEqual(['stream']);
    await file.abort();
    expect(await readdir(folder)).toEqual(['stream']);
  });

  it('leaves nothing after an abort, and refuses to go on', async () => {
    const file = await createAtomicFile(inFolder('stream'));
    await file.write('ab');
    await file.abort();
    await file.abort();
    expect(await readdir(folder)).toEqual([]);
    await expect(file.write('c')).rejects.toThrow(/already been committed, aborted or has failed/);
    await expect(file.commit()).rejects.toMatchObject({ code: 'WRITE_FAILED' });
  });

  it('removes its partial file when the final name cannot be taken', async () => {
    const file = await createAtomicFile(inFolder('taken'));
    await file.write('ab');
    await mkdir(inFolder('taken'));
    await expect(file.commit()).rejects.toMatchObject({ code: 'WRITE_FAILED' });
    expect(await readdir(folder)).toEqual(['taken']);
  });

  it('leaves no final name, and one partial file that is known as such, after kill -9', async () => {
    const script = `
import { createAtomicFile } from '@atelier/artifacts';
const file = await createAtomicFile(process.env.TARGET);
for (;;) { await file.write(new Uint8Array(100_000)); console.log('.'); }`;
    const child = spawn(process.execPath, [...sourceNodeArgs, '--eval', script], {
      cwd: repositoryRoot,
      env: { ...process.env, TARGET: inFolder('killed') },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const left = await readdir(folder);
    expect(left).toHaveLength(1);
    expect(left.every(isPartialFileName)).toBe(true);
  });
});

describe('digestFile', () => {
  it('digests files of any size as sha256 does in memory', async () => {
    for (const size of [0, 1, 2 ** 20 - 1, 2 ** 20, 2 ** 20 + 1, 3_000_000]) {
      const bytes = Buffer.alloc(size, 'pattern');
      await writeFile(inFolder('sized'), bytes);
      expect(await digestFile(inFolder('sized'))).toEqual({ sizeBytes: size, sha256: sha256(bytes) });
    }
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it('comes to an end with a file to which somebody writes all the time', async () => {
    const file = inFolder('growing');
    await writeFile(file, 'begun');
    let writing = true;
    const write = () => {
      appendFileSync(file, '.');
      if (writing) setImmediate(write);
    };
    write();
    try {
      expect((await digestFile(file)).sizeBytes).toBeGreaterThanOrEqual(5);
    } finally {
      writing = false;
    }
  });

  it('tells a missing file from one that cannot be read', async () => {
    await expect(digestFile(inFolder('missing'))).rejects.toMatchObject({ code: 'ARTIFACT_MISSING' });
    await expect(digestFile(folder)).rejects.toMatchObject({ code: 'READ_FAILED' });
  });
});
