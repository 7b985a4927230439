import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readManifest, type Manifest } from '@atelier/artifacts';
import { STAGES, type StageName } from '@atelier/core';
import { repositoryFolder } from '../contender/programs.js';
import { machineFacts, type Machine } from '../environment/machine.js';
import { median } from '../report/statistics.js';
import { atelier, worker } from './atelier-program.js';
import { makePictures, pictureName, pictureOf, type MadePictures } from './make-pictures.js';
import { runMeasured, type MeasuredRun } from './run-measured.js';

/** What one kind of run took, with one number of pictures. */
export interface ScaleRow {
  readonly pictures: number;
  /** A stage run for the first time, or the whole line: "nothing changed", "one picture changed". */
  readonly what: StageName | 'nothing changed' | 'one picture changed';
  /** Items that the stage has, or the last stage of the line: files of pictures or tensors, rows of tables. */
  readonly items: number;
  readonly wallMs: number;
  readonly cpuMs: number | null;
  readonly peakMemoryBytes: number | null;
}

/** Everything that `--only scale` found. */
export interface ScaleResults {
  readonly formatVersion: 1;
  readonly measuredOn: string;
  readonly machine: Machine;
  readonly repeats: number;
  readonly rows: readonly ScaleRow[];
}

/** Tiny pictures: what is measured is what Atelier does besides decoding and encoding. */
const PICTURE = { classes: 49, width: 24, height: 24, patch: 1 };
const CONFIG = { resize: { width: 16, height: 16 } };
/** With more pictures than this only the stages up to split are run: the others' work is that of the codec. */
const WHOLE_LINE = 20_000;
/** How often the short runs are repeated; their medians count. */
const REPEATS = 3;

/** Measures every stage from nothing, then the line with nothing changed and with one picture changed. */
export async function runScale(
  sizes: readonly number[],
  { folder, report }: { folder: string; report: (line: string) => void },
): Promise<ScaleResults> {
  const machine = machineFacts();
  const rows: ScaleRow[] = [];
  for (const pictures of sizes) {
    report(`scale: making ${pictures} pictures`);
    const root = await freshDataset(folder, { ...PICTURE, count: pictures });
    for (const row of await measureSize(root, pictures)) {
      rows.push(row);
      report(
        `scale: ${pictures} pictures, ${row.what}: ${(row.wallMs / 1000).toFixed(1)} s, ` +
          `${((row.cpuMs ?? NaN) / 1000).toFixed(1)} s of processor time`,
      );
    }
  }
  const measuredOn = new Date().toISOString().slice(0, 10);
  return { formatVersion: 1, measuredOn, machine, repeats: REPEATS, rows };
}

async function freshDataset(folder: string, pictures: MadePictures): Promise<string> {
  const root = path.join(folder, `scale-${pictures.count}`);
  await makePictures(path.join(root, 'images'), pictures);
  // one picture may still be that of an earlier measurement
  await writePicture(root, '0');
  await writeFile(path.join(root, 'dataset.json'), `${JSON.stringify(CONFIG)}\n`);
  for (const stage of Object.values(STAGES)) {
    await rm(path.join(root, stage), { recursive: true, force: true });
  }
  return root;
}

const writePicture = async (root: string, name: string) =>
  writeFile(path.join(root, 'images', pictureName(0, PICTURE)), await pictureOf(name, PICTURE));

async function measureSize(root: string, pictures: number): Promise<ScaleRow[]> {
  const all = Object.keys(STAGES) as StageName[];
  const stages = pictures <= WHOLE_LINE ? all : all.slice(0, all.indexOf('split') + 1);
  const rows: ScaleRow[] = [];
  const row = async (what: ScaleRow['what'], run: Omit<MeasuredRun, 'stdout'>, stage: StageName) => {
    const { wallMs, cpuMs, peakMemoryBytes } = run;
    rows.push({ pictures, what, items: await itemsOf(root, stage), wallMs, cpuMs, peakMemoryBytes });
  };
  for (const stage of stages) {
    await row(stage, await runMeasured(worker(stage, '--dataset', root), repositoryFolder), stage);
  }
  const last = stages.at(-1) as StageName;
  const counted = last === 'normalize' ? 'augment' : last; // its items are shards
  const line = () => runMeasured(atelier('preprocess', ...stages, '--dataset', root), repositoryFolder);
  await row('nothing changed', await repeated(line), counted);
  let changes = 0;
  const change = () => writePicture(root, `changed ${++changes}`);
  await row('one picture changed', await repeated(line, change), counted);
  return rows;
}

/** The medians of several runs. */
async function repeated(
  run: () => Promise<MeasuredRun>,
  before: () => Promise<void> = () => Promise.resolve(),
): Promise<Omit<MeasuredRun, 'stdout'>> {
  const runs: MeasuredRun[] = [];
  for (let i = 0; i < REPEATS; i++) {
    await before();
    runs.push(await run());
  }
  const middle = (values: (number | null)[]) => (values.includes(null) ? null : median(values as number[]));
  return {
    wallMs: median(runs.map(({ wallMs }) => wallMs)),
    cpuMs: middle(runs.map(({ cpuMs }) => cpuMs)),
    peakMemoryBytes: middle(runs.map(({ peakMemoryBytes }) => peakMemoryBytes)),
  };
}

async function itemsOf(root: string, stage: StageName): Promise<number> {
  const manifest = (await readManifest(path.join(root, STAGES[stage], 'manifest.jsonl'))) as Manifest;
  return manifest.items.size;
}
