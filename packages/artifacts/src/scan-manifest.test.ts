import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readManifest, writeManifest, type ManifestItem } from './manifest.js';
import { readManifestLine, scanManifest, type ManifestPlace } from './scan-manifest.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atelier-scan-'));
  path = join(folder, 'manifest.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

const item = (id: string): ManifestItem => ({
  id,
  key: 'k'.repeat(600),
  outputs: [{ path: `sources/${id}`, sizeBytes: 1, sha256: 'ab' }],
  params: { name: 'Ünïcödé 🎨' },
});

async function write(count: number): Promise<void> {
  const ids = Array.from({ length: count }, (_, i) => `${String(i).padStart(6, '0')} ä🎨`);
  const items = new Map(ids.map((id) => [id, item(id)]));
  await writeManifest(path, { header: { stage: 'ingest', version: 1, config: {} }, items });
}

// 4,000 items take more than two of the chunks that it reads
it.each([0, 1, 2, 4000])('sees what readManifest reads, of %i items, and finds each again', async (count) => {
  await write(count);
  const seen: [ManifestItem, ManifestPlace][] = [];
  const header = await scanManifest(path, (found, place) => void seen.push([found, place]));
  const whole = await readManifest(path);
  expect(header).toEqual(whole?.header);
  expect(seen.map(([found]) => found)).toEqual([...(whole?.items.values() ?? [])]);
  for (const [found, place] of seen.filter((_, i) => i % 997 === 0)) {
    expect(await readManifestLine(path, place)).toEqual(found);
  }
});

it('gives undefined where there is none', async () => {
  expect(await scanManifest(path, () => undefined)).toBeUndefined();
});

it.each([
  ['cut in a line', (text: string) => text.slice(0, -3)],
  ['without its end mark', (text: string) => text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1)],
  ['with an edited line', (text: string) => text.replace('"sizeBytes":1', '"sizeBytes":2')],
  ['with its first line alone', (text: string) => text.slice(0, text.indexOf('\n') + 1)],
  [
    'with two lines exchanged',
    (text: string) =>
      text
        .split('\n')
        .toSpliced(1, 2, ...text.split('\n').slice(1, 3).reverse())
        .join('\n'),
  ],
  ['that is empty', () => ''],
  ['of another format', () => 'x\ny\n'],
  ['with an output outside', (text: string) => text.replace('sources/', '../')],
])('refuses one %s, as readManifest does', async (_how, damage) => {
  await write(5);
  await writeFile(path, damage(await readFile(path, 'utf8')));
  await expect(readManifest(path)).rejects.toMatchObject({ code: 'MANIFEST_DAMAGED' });
  await expect(scanManifest(path, () => undefined)).rejects.toMatchObject({ code: 'MANIFEST_DAMAGED' });
});
