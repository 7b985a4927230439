import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readManifest, type Manifest } from '@atelier/artifacts';
import { randomStream, STAGES, type RandomStream, type StageName } from '@atelier/core';
import { runPipeline } from './fixtures/run-pipeline.js';
import {
  artifacts,
  expectSameArtifacts,
  smallConfig,
  smallDataset,
  writePicture,
} from './fixtures/small-dataset.js';
import { rounds, seed } from './fixtures/time-budget.js';

/** A dataset that the model edits, and what it has done to the artifacts since the last run. */
interface World {
  root: string;
  /** Settings that are switched between, so that A to B to A comes about. */
  config: object;
  /** Artifacts that were deleted or damaged, relative to the dataset. */
  tampered: Set<string>;
  /** Stages whose manifest was deleted or damaged. */
  lost: Set<StageName>;
  /** Bytes were exchanged behind an unchanged size and mtime: only --verify sees that. */
  verify: boolean;
  counter: number;
}

type Edit = (world: World, random: RandomStream) => Promise<void> | void;

const configs: readonly object[] = [
  smallConfig,
  { ...smallConfig, augment: { imagesPerSource: 3, rotation: { maxDegrees: 10 } } },
  { ...smallConfig, augment: { imagesPerSource: 2 } },
  { ...smallConfig, resize: { width: 24, height: 20, quality: 60 } },
  { ...smallConfig, normalize: { dtype: 'uint8', npy: true } },
  { ...smallConfig, seed: 5, normalize: { standardize: true } },
];

const pick = <T>(list: readonly T[], random: RandomStream): T => list[random.below(list.length)] as T;

function sources({ root }: World): string[] {
  const entries = readdirSync(join(root, 'images'), { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(root, 'images').length + 1))
    .sort();
}

function outputs({ root, lost }: World): { stage: StageName; path: string }[] {
  return (Object.keys(STAGES) as StageName[]).flatMap((stage) => {
    if (lost.has(stage)) return [];
    const lines = readFileSync(join(root, STAGES[stage], 'manifest.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .slice(1, -1);
    const items = lines.map((line) => JSON.parse(line) as { outputs: { path: string }[] });
    // the split lock is an input as well: an edited lock is an edit of the person, not damage
    return items
      .flatMap((item) => item.outputs.map(({ path }) => ({ stage, path })))
      .filter((o) => !o.path.includes('assignments'));
  });
}

function move(world: World, from: string, to: string): void {
  const target = join(world.root, 'images', to);
  if (existsSync(target)) return;
  mkdirSync(dirname(target), { recursive: true });
  renameSync(join(world.root, 'images', from), target);
}

const edits: Readonly<Record<string, Edit>> = {
  'add a picture': (world, random) =>
    writePicture(
      join(world.root, 'images', pick(['a', 'b', 'new class'], random), `new_${world.counter++}.png`),
      `new ${world.counter}`,
    ),
  'replace a picture': (world, random) =>
    writePicture(join(world.root, 'images', pick(sources(world), random)), `other ${world.counter++}`),
  'break a picture': (world, random) =>
    writeFileSync(join(world.root, 'images', pick(sources(world), random)), `broken ${world.counter++}`),
  'exchange bytes, same size and time': (world, random) => {
    const path = join(world.root, 'images', pick(sources(world), random));
    const { atime, mtime } = statSync(path);
    const bytes = readFileSync(path);
    bytes[bytes.length - 20] = (bytes[bytes.length - 20] as number) ^ 0xff;
    writeFileSync(path, bytes);
    utimesSync(path, atime, mtime);
    world.verify = true;
  },
  'touch a picture': (world, random) => {
    const time = 1_600_000_000 + world.counter++;
    utimesSync(join(world.root, 'images', pick(sources(world), random)), time, time);
  },
  'remove a picture': (world, random) => {
    if (sources(world).length > 6) rmSync(join(world.root, 'images', pick(sources(world), random)));
  },
  'rename a picture': (world, random) => {
    const from = pick(sources(world), random);
    move(world, from, `${dirname(from)}/renamed_${world.counter++}.png`);
  },
  'rename by case alone': (world, random) => {
    const from = pick(sources(world), random);
    const name = from.slice(dirname(from).length + 1);
    move(
      world,
      from,
      `${dirname(from)}/${name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase()}`,
    );
  },
  'move a picture to another class': (world, random) => {
    const from = pick(sources(world), random);
    move(world, from, `${pick(['a', 'b', 'c'], random)}/moved_${world.counter++}.png`);
  },
  'rename a class': (world, random) => {
    const classes = readdirSync(join(world.root, 'images'));
    move(world, pick(classes, random), `class ${world.counter++}`);
  },
  'copy a picture into another class': (world, random) =>
    cpSync(
      join(world.root, 'images', pick(sources(world), random)),
      join(world.root, 'images/c', `copy_${world.counter++}.png`),
    ),
  'change the settings': (world, random) => {
    world.config = pick(configs, random);
    writeFileSync(join(world.root, 'dataset.json'), JSON.stringify(world.config));
  },
  'delete an artifact': (world, random) => {
    const { path } = pick(outputs(world), random);
    rmSync(join(world.root, path), { force: true });
    world.tampered.add(path);
  },
  'edit an artifact': (world, random) => {
    const { path } = pick(outputs(world), random);
    writeFileSync(join(world.root, path), `edited ${world.counter++}`);
    world.tampered.add(path);
  },
  'cut an artifact': (world, random) => {
    const { path } = pick(outputs(world), random);
    if (!existsSync(join(world.root, path)) || statSync(join(world.root, path)).size === 0) return;
    truncateSync(join(world.root, path), Math.floor(statSync(join(world.root, path)).size / 2));
    world.tampered.add(path);
  },
  'delete a manifest': (world, random) => {
    const stage = pick(Object.keys(STAGES) as StageName[], random);
    rmSync(join(world.root, STAGES[stage], 'manifest.jsonl'), { force: true });
    world.lost.add(stage);
  },
  'damage a manifest': (world, random) => {
    const stage = pick(Object.keys(STAGES) as StageName[], random);
    if (world.lost.has(stage)) return;
    const path = join(world.root, STAGES[stage], 'manifest.jsonl');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"key":"', '"key":"0'));
    world.lost.add(stage);
  },
  'move the dataset': (world) => {
    const to = join(mkdtempSync(join(tmpdir(), 'atelier-moved-')), 'elsewhere');
    renameSync(world.root, to);
    world.root = to;
  },
  'copy the dataset': (world) => {
    const to = join(mkdtempSync(join(tmpdir(), 'atelier-copied-')), 'copy');
    cpSync(world.root, to, { recursive: true });
    rmSync(world.root, { recursive: true });
    world.root = to;
  },
};

/** The manifests as they stand, to tell afterwards which keys changed. */
async function manifests(root: string): Promise<Map<StageName, Manifest>> {
  const found = new Map<StageName, Manifest>();
  for (const stage of Object.keys(STAGES) as StageName[]) {
    const manifest = await readManifest(join(root, STAGES[stage], 'manifest.jsonl'));
    if (manifest !== undefined) found.set(stage, manifest);
  }
  return found;
}

/** The items that had to be made: whose key is another one, or whose outputs or manifest were tampered with. */
function mustBeMade(
  stage: StageName,
  { world, before, after }: { world: World; before: Manifest | undefined; after: Manifest },
): string[] {
  return [...after.items.values()]
    .filter((item) => {
      const old = world.lost.has(stage) ? undefined : before?.items.get(item.id);
      return old?.key !== item.key || old.outputs.some((output) => world.tampered.has(output.path));
    })
    .map((item) => item.id);
}

/** A fresh run on the same sources with the same settings and the same split lock. */
async function freshArtifacts(world: World): Promise<Map<string, string>> {
  const root = mkdtempSync(join(tmpdir(), 'atelier-fresh-'));
  cpSync(join(world.root, 'images'), join(root, 'images'), { recursive: true });
  cpSync(join(world.root, 'dataset.json'), join(root, 'dataset.json'));
  cpSync(join(world.root, 'splits/assignments.csv'), join(root, 'splits/assignments.csv'));
  await runPipeline(root);
  const result = artifacts(root);
  rmSync(root, { recursive: true });
  return result;
}

describe('any sequence of edits and runs', () => {
  it(`redoes exactly what it must, and ends with the bytes of a fresh run (seed ${seed})`, async () => {
    const names = Object.keys(edits);
    const done = await rounds(
      async (i) => {
        const random = randomStream(seed, ['edits', String(i)]);
        const world: World = {
          root: await smallDataset(
            { a: 4, b: 3, c: 3 },
            { ...smallConfig, limits: { quarantineBudget: { share: 1 } } },
          ),
          config: smallConfig,
          tampered: new Set(),
          lost: new Set(),
          verify: false,
          counter: 1,
        };
        await runPipeline(world.root);
        const log: string[] = [];
        for (let step = 0; step < 4; step++) {
          const before = await manifests(world.root);
          for (let e = 0; e <= random.below(3); e++) {
            // every edit has its turn, whatever the seed: the first of each step goes through the list
            const name = e === 0 ? (names[(i * 4 + step) % names.length] as string) : pick(names, random);
            log.push(name);
            await (edits[name] as Edit)(world, random);
          }
          log.push('run');
          const summaries = await runPipeline(world.root, { verify: world.verify });
          const after = await manifests(world.root);
          for (const { stage, items } of summaries) {
            const expected = mustBeMade(stage, {
              world,
              before: before.get(stage),
              after: after.get(stage) as Manifest,
            });
            expect({ log, stage, made: items.map((item) => item.id).sort() }).toEqual({
              log,
              stage,
              made: expected.sort(),
            });
          }
          expectSameArtifacts(artifacts(world.root), await freshArtifacts(world));
          const idle = await runPipeline(world.root);
          expect(idle.map((summary) => summary.done + summary.removed)).toEqual([0, 0, 0, 0, 0, 0]);
          Object.assign(world, { tampered: new Set(), lost: new Set(), verify: false });
        }
        rmSync(world.root, { recursive: true });
      },
      Math.ceil(names.length / 4),
    );
    expect(done).toBeGreaterThan(0);
  }, 900_000);
});
