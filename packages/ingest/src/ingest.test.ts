import { createHash } from 'node:crypto';
import { rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readManifest, type Manifest } from '@atelier/artifacts';
import { encodeJpeg } from '@atelier/image';
import { openDataset, runStage, silentReporter } from '@atelier/stage';
import { ingest } from './ingest.js';
import { plant, temporaryFolder } from './testing/folder.js';

const folder = temporaryFolder();

/** A JPEG of one grey. */
const jpeg = (grey: number, width = 8, height = 6) =>
  encodeJpeg({ data: new Uint8Array(width * height * 3).fill(grey), width, height }, 90);

async function run(config: Record<string, unknown> = {}) {
  await writeFile(join(folder(), 'dataset.json'), JSON.stringify(config));
  return runStage(ingest, await openDataset(folder()), { reporter: silentReporter });
}
const manifest = async () => (await readManifest(join(folder(), 'sources/manifest.jsonl'))) as Manifest;
const item = async (id: string) => (await manifest()).items.get(id);

describe('ingest', () => {
  it('records what each picture is, by its content', async () => {
    const picture = await jpeg(100);
    await plant(join(folder(), 'images'), {
      'D\u00fcrer/named.png': picture,
      'Du\u0308rer/other.jpg': await jpeg(1),
    });
    const summary = await run();
    expect(summary).toMatchObject({ done: 2, quarantined: 0 });
    const sha256 = createHash('sha256').update(picture).digest('hex');
    expect(await item('D\u00fcrer/named.png')).toMatchObject({
      inputs: { 'images/D\u00fcrer/named.png': sha256 },
      outputs: [],
      params: { className: 'D\u00fcrer' },
      data: { format: 'jpeg', width: 8, height: 6, orientation: 1, sizeBytes: picture.length },
    });
    expect(await item('Du\u0308rer/other.jpg')).toMatchObject({ params: { className: 'D\u00fcrer' } });
    expect((await manifest()).header).toMatchObject({
      classNames: ['Du\u0308rer', 'D\u00fcrer'],
      skipped: [],
    });
  });

  it('sets aside what is no picture, with path, reason and remedy, and goes on', async () => {
    await plant(join(folder(), 'images'), {
      'cat/good.jpg': await jpeg(9),
      'cat/page.jpg': '<!DOCTYPE html><title>Not found</title>',
      'cat/zeros.jpg': new Uint8Array(500),
      'cat/empty.png': '',
      'cat/README': 'notes',
    });
    const summary = await run();
    expect(summary).toMatchObject({ done: 5, quarantined: 4 });
    expect(summary.quarantine.map(({ path, reason }) => `${path}: ${reason}`).sort()).toEqual([
      'images/cat/README: its content is not a picture that can be read, or its header is damaged',
      'images/cat/empty.png: the file is empty',
      'images/cat/page.jpg: it is a web page, not a picture',
      'images/cat/zeros.jpg: the file holds only zero bytes',
    ]);
    for (const { remedy } of summary.quarantine) expect(remedy).not.toBe('');
    expect((await item('cat/page.jpg'))?.quarantine).toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('fails past the budget of pictures that cannot be used, and commits nothing', async () => {
    const broken = Object.fromEntries(Array.from({ length: 4 }, (_, i) => [`cat/${i}.png`, 'x']));
    await plant(join(folder(), 'images'), { ...broken, 'cat/good.jpg': await jpeg(9) });
    const limits = { quarantineBudget: { count: 3, share: 0.5 } };
    await expect(run({ limits })).rejects.toMatchObject({ code: 'QUARANTINE_BUDGET' });
    expect(await readManifest(join(folder(), 'sources/manifest.jsonl'))).toBeUndefined();
    expect(await run({ limits: { quarantineBudget: { count: 4, share: 0 } } })).toMatchObject({
      quarantined: 4,
    });
  });

  it('holds files to limits.maxFileBytes and limits.maxPixels, and looks again when these change', async () => {
    const [small, large] = [await jpeg(9), await jpeg(9, 64, 64)];
    await plant(join(folder(), 'images'), { 'cat/small.jpg': small, 'cat/large.jpg': large });
    const byBytes = await run({ limits: { maxFileBytes: large.length - 1 } });
    expect(byBytes.quarantine).toEqual([
      expect.objectContaining({
        path: 'images/cat/large.jpg',
        reason: `it has ${large.length} bytes, more than limits.maxFileBytes ${large.length - 1}`,
      }),
    ]);
    const byPixels = await run({ limits: { maxPixels: 4095 } });
    expect(byPixels).toMatchObject({ done: 2, quarantined: 1 });
    expect(byPixels.quarantine[0]?.reason).toMatch(/64x64 pixels, more than limits.maxPixels 4095/);
    expect(byPixels.reasons.map(({ reason }) => reason)).toEqual([
      'input added',
      expect.stringMatching(/limits\.maxPixels changed from \d+ to 4095/),
    ]);
    expect(await run({ limits: { maxPixels: 4096 } })).toMatchObject({ quarantined: 0 });
  });

  it('does nothing the second time, and looks at one file when one has changed', async () => {
    await plant(join(folder(), 'images'), { 'cat/a.jpg': await jpeg(1), 'cat/b.jpg': await jpeg(2) });
    await run();
    expect(await run()).toMatchObject({ done: 0, kept: 2, removed: 0 });
    await writeFile(join(folder(), 'images/cat/b.jpg'), await jpeg(3));
    const summary = await run();
    expect(summary).toMatchObject({ done: 1, kept: 1 });
    expect(summary.items).toEqual([
      { id: 'cat/b.jpg', kind: 'input', reason: 'input changed: images/cat/b.jpg' },
    ]);
  });

  it('goes by bytes, not by times: a touched file is the same file', async () => {
    await plant(join(folder(), 'images'), { 'cat/a.jpg': await jpeg(1) });
    await run();
    await utimes(join(folder(), 'images/cat/a.jpg'), 1, 1);
    expect(await run()).toMatchObject({ done: 0, kept: 1 });
  });

  it('sees added, removed and renamed pictures and classes', async () => {
    const images = join(folder(), 'images');
    await plant(images, { 'cat/a.jpg': await jpeg(1), 'cat/b.jpg': await jpeg(2) });
    await run();
    await plant(images, { 'dog/c.jpg': await jpeg(3), 'empty/': '' });
    await rm(join(images, 'cat/a.jpg'));
    await rename(join(images, 'cat/b.jpg'), join(images, 'cat/z.jpg'));
    expect(await run()).toMatchObject({ done: 2, kept: 0, removed: 2 });
    expect([...(await manifest()).items.keys()]).toEqual(['cat/z.jpg', 'dog/c.jpg']);
    expect((await manifest()).header['classNames']).toEqual(['cat', 'dog', 'empty']);
    await plant(images, { 'void/': '' });
    await run();
    expect((await manifest()).header['classNames']).toEqual(['cat', 'dog', 'empty', 'void']);
  });

  it('takes another folder of pictures of the same names for what it is', async () => {
    await plant(folder(), { 'images/cat/a.jpg': await jpeg(1), 'others/cat/a.jpg': await jpeg(200) });
    await run();
    const first = await item('cat/a.jpg');
    expect(await run({ images: 'others' })).toMatchObject({ done: 1 });
    expect((await item('cat/a.jpg'))?.inputs).not.toEqual(first?.inputs);
    expect(await run({ images: join(folder(), 'images') })).toMatchObject({ done: 1 });
    expect(await item('cat/a.jpg')).toEqual(first);
  });

  it('says what was left out and which names other systems mix up', async () => {
    await plant(join(folder(), 'images'), {
      'cat/a.jpg': await jpeg(1),
      'cat/a.JPG': await jpeg(2),
      'labels.csv': 'path,label',
      '.DS_Store': '',
    });
    const { warnings } = await run();
    expect(warnings).toEqual([
      'images/labels.csv is left out: not in a class folder',
      expect.stringMatching(/^the names "cat\/a.JPG" and "cat\/a.jpg" differ only in case/),
    ]);
  });

  it('says how to mend a missing folder', async () => {
    await expect(run()).rejects.toMatchObject({ code: 'INPUT_MISSING', stage: 'ingest' });
  });
});

describe('a table of labels', () => {
  const csv = (...rows: string[]) => ({ 'labels.csv': ['path,label', ...rows, ''].join('\n') });
  const byTable = (more: object = {}) => run({ labels: { csv: 'labels.csv' }, ...more });
  beforeEach(async () => {
    const pictures = {
      'images/1.jpg': await jpeg(1),
      'images/a/2.jpg': await jpeg(2),
      'images/3.jpg': await jpeg(3),
    };
    await plant(folder(), { ...pictures, ...csv('1.jpg,x', 'a/2.jpg,y', '3.jpg,x') });
  });

  it('decides the classes, and is recorded by its digest', async () => {
    expect(await byTable()).toMatchObject({ done: 3, quarantined: 0 });
    const { header, items } = await manifest();
    expect([...items.values()].map(({ id, params }) => [id, params])).toEqual([
      ['1.jpg', { className: 'x' }],
      ['3.jpg', { className: 'x' }],
      ['a/2.jpg', { className: 'y' }],
    ]);
    const table = createHash('sha256')
      .update(csv('1.jpg,x', 'a/2.jpg,y', '3.jpg,x')['labels.csv'])
      .digest('hex');
    expect(header).toMatchObject({ classNames: ['x', 'y'], skipped: [], table });
    expect(await byTable()).toMatchObject({ done: 0, kept: 3 });
  });

  it('whose row is edited changes that picture alone, as a fresh run would', async () => {
    await byTable();
    await plant(folder(), csv('1.jpg,x', 'a/2.jpg,z', '3.jpg,x'));
    const { items } = await byTable();
    expect(items).toEqual([
      { id: 'a/2.jpg', kind: 'parameter', reason: 'className changed from "y" to "z"' },
    ]);
    const edited = await manifest();
    await rm(join(folder(), 'sources'), { recursive: true });
    await byTable();
    expect(await manifest()).toEqual(edited);
  });

  it('whose rows are in another order changes nothing but its digest', async () => {
    await byTable();
    const before = await manifest();
    await plant(folder(), csv('3.jpg,x', 'a/2.jpg,y', '1.jpg,x'));
    expect(await byTable()).toMatchObject({ done: 0, kept: 3 });
    const { header, items } = await manifest();
    expect(items).toEqual(before.items);
    expect(header['table']).not.toBe(before.header['table']);
  });

  it('with rows that cannot be obeyed puts them in quarantine; mended, they alone are taken in', async () => {
    const rows = ['1.jpg,x', 'a/2.jpg,y', '3.jpg,'];
    await plant(folder(), csv(...rows, '4.jpg,x', '../dataset.json,x'));
    const { quarantine } = await byTable();
    expect(quarantine.map(({ path, reason, remedy }) => [path, reason, remedy])).toEqual([
      [
        '../dataset.json',
        'line 6 of labels.csv names it, but it leads out of a folder with ".."',
        'Write its path below the folder of pictures.',
      ],
      ['images/3.jpg', 'line 4 of labels.csv gives it no label', 'Fill in the label, or remove the row.'],
      [
        'images/4.jpg',
        'line 5 of labels.csv names it, but there is no such file',
        'Put the picture there, or correct the row.',
      ],
    ]);
    await plant(folder(), { 'images/4.jpg': await jpeg(4), ...csv(...rows, '4.jpg,x') });
    const mended = await byTable();
    expect(mended).toMatchObject({ done: 1, kept: 3, removed: 1, quarantined: 1 });
    expect(mended.items).toEqual([{ id: '4.jpg', kind: 'input', reason: 'input added: images/4.jpg' }]);
  });

  it('past the budget fails the run: a table of other pictures', async () => {
    const limits = { quarantineBudget: { count: 1, share: 0.1 } };
    await plant(folder(), csv('4.jpg,x', '5.jpg,x', '1.jpg,x'));
    await expect(byTable({ limits })).rejects.toMatchObject({ code: 'QUARANTINE_BUDGET' });
  });

  it('that goes missing, or another one, is seen', async () => {
    await byTable();
    await rename(join(folder(), 'labels.csv'), join(folder(), 'other.tsv'));
    await expect(byTable()).rejects.toMatchObject({ code: 'INPUT_MISSING', stage: 'ingest' });
    expect(await run({ labels: { csv: 'other.tsv' } })).toMatchObject({ done: 0, kept: 3 });
    await plant(folder(), { 'other.tsv': 'path\tname\tlabel\n1.jpg\tq\tx\na/2.jpg\tr\ty\n3.jpg\ts\tx\n' });
    expect(await run({ labels: { csv: 'other.tsv', label: 'name' } })).toMatchObject({ done: 3 });
    expect((await manifest()).header['classNames']).toEqual(['q', 'r', 's']);
  });
});
