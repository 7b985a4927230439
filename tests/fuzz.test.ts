import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readManifest, type Manifest, type ManifestItem } from '@atelier/artifacts';
import { printable, randomStream } from '@atelier/core';
import { decodeJpeg } from '@atelier/image';
import { ingest } from '@atelier/ingest';
import { resize } from '@atelier/resize';
import { openDataset, runStage, silentReporter, type RunSummary } from '@atelier/stage';
import { peakChildMemory } from './fixtures/child-memory.js';
import { encodedPicture, pictureKinds, type EncodedPicture } from './fixtures/encoded-pictures.js';
import { mutate } from './fixtures/mutate.js';
import { budgetMs, rounds, seed } from './fixtures/time-budget.js';

/** Broken files of one round, and sound ones among them. */
const BROKEN = 120;
const SOUND = 6;
const config = {
  resize: { width: 24, height: 20 },
  limits: {
    quarantineBudget: { share: 1 },
    maxMemoryBytes: 1e9,
    timeoutMs: 20_000,
  },
};
/** What a decoder may have at most: the limit, and what is taken in the moment before that is noticed. */
const MOST_MEMORY = config.limits.maxMemoryBytes + 300e6;

const roots: string[] = [];
afterAll(() => roots.forEach((root) => rmSync(root, { recursive: true, force: true })));

function plant(files: ReadonlyMap<string, Uint8Array>): string {
  const root = mkdtempSync(join(tmpdir(), 'atelier-fuzz-'));
  roots.push(root);
  writeFileSync(join(root, 'dataset.json'), JSON.stringify(config));
  for (const [id, bytes] of files) {
    mkdirSync(dirname(join(root, 'images', id)), { recursive: true });
    writeFileSync(join(root, 'images', id), bytes);
  }
  return root;
}

/** Takes a dataset through the two stages that see the files of strangers. */
async function run(root: string): Promise<RunSummary[]> {
  const dataset = await openDataset(root);
  const reporter = silentReporter;
  return [await runStage(ingest, dataset, { reporter }), await runStage(resize, dataset, { reporter })];
}

const manifest = async (root: string, folder: string) =>
  (await readManifest(join(root, folder, 'manifest.jsonl'))) as Manifest;

/** What became of a file: its picture, or why there is none. */
type Fate = { readonly picture: Buffer } | { readonly reason: string };

async function fates(root: string): Promise<Map<string, Fate>> {
  const [sources, resized] = [await manifest(root, 'sources'), await manifest(root, 'resized_images')];
  const fate = (item: ManifestItem): Fate => {
    if (item.quarantine === undefined)
      return { picture: readFileSync(join(root, item.outputs[0]?.path as string)) };
    const { reason, remedy, path } = item.quarantine;
    expect(path).toBe(`images/${item.id}`);
    expect([reason, remedy].map((text) => text.length > 10 && text === printable(text))).toEqual([
      true,
      true,
    ]);
    return { reason };
  };
  const all = [...sources.items.values()].map((source): [string, Fate] => [
    source.id,
    fate(resized.items.get(source.id) ?? source),
  ]);
  return new Map(all);
}

describe('broken files', () => {
  it(
    `each become a picture or a refusal with its reason, and change no other (seed ${seed})`,
    async () => {
      const sound = await Promise.all(
        Array.from({ length: SOUND }, (_, i) => encodedPicture(pictureKinds[i * 3] as string, `sound ${i}`)),
      );
      const soundFiles = sound.map(({ name, bytes }): [string, Uint8Array] => [`sound/${name}`, bytes]);
      const expected = await fates(await prepared(new Map(soundFiles)));
      const originals = await Promise.all(pictureKinds.map((kind) => encodedPicture(kind, 'original')));
      const counts = new Map<string, number>();
      const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
      let memory = 0;
      const done = await rounds(async (i) => {
        const broken = Array.from({ length: BROKEN }, (_, n) => brokenFile(originals, i * BROKEN + n));
        const root = await prepared(new Map([...soundFiles, ...broken]));
        for (const [id, fate] of await fates(root)) {
          if (id.startsWith('sound/')) expect({ id, fate }).toEqual({ id, fate: expected.get(id) });
          else if ('reason' in fate) count(fate.reason.replace(/\d+/g, '#'));
          else {
            count('a picture');
            expect(await decodeJpeg(fate.picture)).toMatchObject(config.resize);
          }
        }
        memory = Math.max(memory, peakChildMemory());
        expect(memory).toBeLessThan(MOST_MEMORY);
        rmSync(root, { recursive: true });
      }, 2);
      expect([...counts.values()].reduce((sum, n) => sum + n, 0)).toBe(done * BROKEN);
      expect(counts.get('a picture')).toBeGreaterThan(0); // bytes behind the end, metadata, a bit of colour
      expect(counts.size).toBeGreaterThan(3);
      report(counts, memory);
    },
    budgetMs + 120_000,
  );
});

async function prepared(files: ReadonlyMap<string, Uint8Array>): Promise<string> {
  const root = plant(files);
  const [ingested, resized] = (await run(root)) as [RunSummary, RunSummary];
  expect(ingested.done).toBe(files.size);
  expect(resized.done + ingested.quarantined).toBe(files.size);
  return root;
}

/** The nth broken file of this seed. */
function brokenFile(originals: readonly EncodedPicture[], n: number): [string, Uint8Array] {
  const random = randomStream(seed, ['broken', String(n)]);
  const [original, other] = [0, 1].map(() => originals[random.below(originals.length)]) as [
    EncodedPicture,
    EncodedPicture,
  ];
  return [`broken/${n}_${original.name}`, mutate({ bytes: original.bytes, other: other.bytes, random })];
}

/** On demand, what came of it. */
function report(counts: ReadonlyMap<string, number>, memory: number): void {
  if (process.env['ATELIER_TEST_SECONDS'] === undefined) return;
  const lines = [...counts].sort((a, b) => b[1] - a[1]).map(([what, n]) => `${n} ${what}`);
  lines.push(`most memory of a decoder: ${Math.round(memory / 1e6)} MB`);
  lines.push(`most memory of this process: ${Math.round(process.resourceUsage().maxRSS / 1e3)} MB`);
  process.stderr.write(`${lines.join('\n')}\n`);
}
