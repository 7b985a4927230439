import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { canonicalJson, compareCodePoints, type Json } from '@atelier/core';
import { sha256 } from './digest.js';
import { readManifest, writeManifest, type Manifest, type ManifestItem } from './manifest.js';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'manifest-'));
  file = path.join(folder, 'manifest.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

const item = (id: string): ManifestItem => ({
  id,
  key: sha256(id),
  inputs: { source: sha256(`${id} source`) },
  outputs: [{ path: `a/${id}.jpg`, sizeBytes: 12, sha256: sha256('x') }],
  data: { width: 300 },
});
const manifestOf = (ids: readonly string[]): Manifest => ({
  header: { stage: 'resize', version: 1, config: { width: 300, height: 300 } },
  items: new Map(ids.map((id) => [id, item(id)])),
});

describe('writeManifest', () => {
  it('writes the lines of the format, sorted by code point', async () => {
    await writeManifest(file, manifestOf(['\u{1F3A8}', '\uFF21', 'b', 'a']));
    const lines = (await readFile(file, 'utf8')).split('\n');
    expect(lines[0]).toBe(
      '{"config":{"height":300,"width":300},"format":"atelier-manifest","formatVersion":1,"stage":"resize","version":1}',
    );
    expect(lines.slice(1, 5)).toEqual(['a', 'b', '\uFF21', '\u{1F3A8}'].map((id) => canonicalJson(item(id))));
    const digest = sha256(
      lines
        .slice(0, 5)
        .map((line) => `${line}\n`)
        .join(''),
    );
    expect(lines.slice(5)).toEqual([`{"end":true,"items":4,"sha256":"${digest}"}`, '']);
  });

  it('gives back what was written, and the same bytes for any order of the items', async () => {
    const quarantine = {
      path: 'images/a/b.jpg',
      reason: 'it is cut',
      remedy: 'Fetch it again.',
      code: 'INPUT_INVALID',
    };
    const anyItem = fc.record({
      id: fc.string({ unit: 'binary' }),
      key: fc.string({ minLength: 1 }),
      outputs: fc.constantFrom([], [{ path: 'a/b.jpg', sizeBytes: 3, sha256: 'ff' }]),
      data: fc
        .jsonValue({ depthSize: 'small' })
        .map((value) => ({ value: JSON.parse(JSON.stringify(value)) as Json })),
      quarantine: fc.constantFrom(undefined, quarantine),
    });
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(anyItem, { selector: ({ id }) => id }), async (list) => {
        const header = { stage: 'ingest', version: '2', config: null, classes: ['a'] };
        const items = new Map(list.map((one) => [one.id, one as ManifestItem]));
        const first = await writeManifest(file, { header, items });
        const read = await readManifest(file);
        expect(read?.header).toEqual(header);
        expect([...(read?.items.keys() ?? [])]).toEqual([...items.keys()].sort(compareCodePoints));
        for (const [id, one] of items) expect(read?.items.get(id)).toEqual(JSON.parse(JSON.stringify(one)));
        const reversed = new Map([...items].reverse());
        expect(await writeManifest(file, { header, items: reversed })).toEqual(first);
      }),
      { numRuns: 50 },
    );
  });

  it('gives the same bytes where it takes lines from the manifest before, whatever was changed, added or removed', async () => {
    const ids = Array.from({ length: 12 }, (_, i) => `b${String.fromCharCode(0x61 + i)} \u{1F3A8}`);
    const fates = fc.array(fc.constantFrom('kept', 'changed', 'removed', 'added'), {
      minLength: 12,
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(fates, async (fate) => {
        await writeManifest(file, manifestOf(ids.filter((_, i) => fate[i] !== 'added')));
        const previous = (await readManifest(file)) as Manifest;
        const items = ids.flatMap((id, i): ManifestItem[] => {
          if (fate[i] === 'kept') return [previous.items.get(id) as ManifestItem];
          return fate[i] === 'removed' ? [] : [{ ...item(id), data: { width: 7, hint: 'é' } }];
        });
        const header = { stage: 'resize', version: 2, config: null };
        const next = { header, items: new Map(items.map((one) => [one.id, one])) };
        const digest = await writeManifest(file, next, previous);
        const bytes = await readFile(file);
        expect(await writeManifest(file, next)).toEqual(digest);
        expect(bytes.equals(await readFile(file))).toBe(true);
        expect(await readManifest(file)).toEqual(next);
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['an id that is not its key in the map', { ...item('b'), id: 'c' }, /item "b": its id is "c"/],
    [
      'an output outside the folder',
      { ...item('b'), outputs: [{ path: '../x', sizeBytes: 1, sha256: 'f' }] },
      /"\.\.\/x"/,
    ],
    ['an absolute output', { ...item('b'), outputs: [{ path: '/x', sizeBytes: 1, sha256: 'f' }] }, /"\/x"/],
    ['a number that JSON lacks', { ...item('b'), data: { loss: NaN } }, /JSON cannot hold NaN/],
  ])('refuses %s and keeps the previous manifest', async (_name, wrong, message) => {
    await writeManifest(file, manifestOf(['a']));
    const items = new Map([['b', wrong]]);
    await expect(writeManifest(file, { ...manifestOf([]), items })).rejects.toThrow(message);
    expect([...((await readManifest(file))?.items.keys() ?? [])]).toEqual(['a']);
    expect(await readdir(folder)).toEqual(['manifest.jsonl']);
  });
});

describe('readManifest', () => {
  it('is undefined where there is none', async () => {
    expect(await readManifest(file)).toBeUndefined();
  });

  it('reads as many items as were written, over the borders of the writes', async () => {
    const ids = Array.from({ length: 2_500 }, (_, i) => `painter ${i % 50}/work ${i}.jpg`);
    await writeManifest(file, manifestOf(ids));
    const read = await readManifest(file);
    expect([...(read?.items.values() ?? [])]).toEqual(ids.sort(compareCodePoints).map(item));
  });

  it('detects every cut', async () => {
    await writeManifest(file, manifestOf(['a', 'b']));
    const whole = await readFile(file);
    for (let length = 0; length < whole.length; length++) {
      await writeFile(file, whole.subarray(0, length));
      await expect(readManifest(file)).rejects.toMatchObject({ code: 'MANIFEST_DAMAGED', path: file });
    }
  });

  it('detects every changed byte', async () => {
    await writeManifest(file, manifestOf(['a']));
    const whole = await readFile(file);
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole);
      changed[at] = (whole[at] as number) ^ 1;
      await writeFile(file, changed);
      await expect(readManifest(file)).rejects.toMatchObject({ code: 'MANIFEST_DAMAGED' });
    }
  });

  const edited: [string, (lines: string[]) => string[], RegExp][] = [
    [
      'a value edited',
      (lines) => lines.with(1, (lines[1] ?? '').replace('300', '301')),
      /line 5: its digest is not that of lines 1 to 4, so one of them was edited/,
    ],
    ['a line gone', (lines) => lines.toSpliced(2, 1), /line 4: it counts 3 items, and there are 2/],
    ['a line twice', (lines) => lines.toSpliced(2, 0, lines[2] ?? ''), /line 4: item "b" is out of order/],
    [
      'lines swapped',
      (lines) => [lines[0], lines[2], lines[1], ...lines.slice(3)] as string[],
      /line 3: item "a" is out of order/,
    ],
    [
      'the end gone',
      (lines) => lines.toSpliced(4, 1),
      /line 4: the end mark is missing, so the file was cut/,
    ],
    [
      'the last line end gone',
      (lines) => lines.slice(0, -1),
      /line 5: it does not end with a line end, so the file was cut/,
    ],
    ['a line broken', (lines) => lines.with(2, '{"id":"b"'), /line 3: it is not a JSON object/],
    ['a line that is a list', (lines) => lines.with(2, '[]'), /line 3: it is not a JSON object/],
    ['a key gone', (lines) => lines.with(2, '{"id":"b","outputs":[]}'), /line 3: it lacks an id or a key/],
    ['outputs gone', (lines) => lines.with(2, '{"id":"b","key":"1"}'), /line 3: it lacks its outputs/],
    [
      'an output outside',
      (lines) => lines.with(2, (lines[2] ?? '').replace('a/b.jpg', '../../b.jpg')),
      /line 3: its output "\.\.\/\.\.\/b\.jpg"/,
    ],
    [
      'another format',
      (lines) => lines.with(0, '{"format":"parquet"}'),
      /line 1: it does not say "format":"atelier-manifest"/,
    ],
    [
      'a newer format',
      (lines) => lines.with(0, (lines[0] ?? '').replace('"formatVersion":1', '"formatVersion":2')),
      /line 1: it has format version 2, and this program knows 1/,
    ],
    [
      'no config',
      (lines) => lines.with(0, '{"format":"atelier-manifest","formatVersion":1,"stage":"a","version":1}'),
      /line 1: it lacks stage, version or config/,
    ],
    [
      'CRLF',
      (lines) => lines.map((line, i) => (i < lines.length - 1 ? `${line}\r` : line)),
      /line 5: its digest/,
    ],
  ];
  it.each(edited)('names the line: %s', async (_name, edit, message) => {
    await writeManifest(file, manifestOf(['a', 'b', 'c']));
    await writeFile(file, edit((await readFile(file, 'utf8')).split('\n')).join('\n'));
    await expect(readManifest(file)).rejects.toThrow(message);
    await expect(readManifest(file)).rejects.toThrow(/Delete it: the stage then makes everything anew\.$/);
  });
});
