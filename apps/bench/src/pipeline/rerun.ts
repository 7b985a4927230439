import { cp, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readManifest, type Manifest } from '@atelier/artifacts';
import { STAGES } from '@atelier/core';
import type { Program } from '../contender/contender-process.js';
import { appFolder, repositoryFolder } from '../contender/programs.js';
import { machineFacts, type Machine } from '../environment/machine.js';
import { ensurePythonPeers } from '../environment/python-peers.js';
import { atelier } from './atelier-program.js';
import { makePictures, pictureName, pictureOf, type MadePictures } from './make-pictures.js';
import { runMeasured, type MeasuredRun } from './run-measured.js';

/** What one change cost one of the two. */
export interface RerunRow {
  readonly change: string;
  readonly contender: 'Atelier' | 'DVC';
  readonly wallMs: number;
  readonly cpuMs: number | null;
  /** Pictures that were resized, made as variants, or turned into tensors again. */
  readonly redone: { readonly resize: number; readonly augment: number; readonly normalize: number };
}

/** Everything that `--only rerun` found. */
export interface RerunResults {
  readonly formatVersion: 1;
  readonly measuredOn: string;
  readonly machine: Machine;
  /** "3.67.1". */
  readonly dvc: string;
  readonly pictures: number;
  readonly rows: readonly RerunRow[];
}

/** One of the two, with a dataset of its own. */
interface Contender {
  readonly name: RerunRow['contender'];
  readonly root: string;
  readonly program: Program;
  readonly cwd: string;
  /** One of the resized pictures. */
  readonly resized: string;
  /** Turns the pictures by at most 10 degrees instead of 25. */
  turnLess(): Promise<void>;
  redone(run: MeasuredRun): Promise<RerunRow['redone']>;
}

const PICTURE = { classes: 10, width: 640, height: 480, patch: 40 };
/** The same job for both: all pictures in one split, five of each. */
const CONFIG = {
  resize: { width: 160, height: 160, quality: 90 },
  split: { train: 1, validation: 0, test: 0, groupNearDuplicates: false },
  augment: { imagesPerSource: 5 },
};

/** Measures what changes cost, here and with three stages of Pillow under DVC, change by change in turn. */
export async function runRerun(
  pictures: number,
  { folder, report }: { folder: string; report: (line: string) => void },
): Promise<RerunResults> {
  const machine = machineFacts();
  const requirements = path.join(appFolder, 'peers/dvc/requirements.txt');
  const venv = path.join(repositoryFolder, '.cache/bench-dvc-venv');
  const python = await ensurePythonPeers(
    { name: 'DVC and Pillow', requirements, venv, systemPython: 'python3' },
    report,
  );
  const made = { ...PICTURE, count: pictures };
  const contenders = [await prepareAtelier(folder, made), await prepareDvc(folder, { made, python })];
  const rows: RerunRow[] = [];
  for (const [change, apply] of changes(made)) {
    for (const contender of contenders) {
      await apply(contender);
      const run = await runMeasured(contender.program, contender.cwd);
      const { wallMs, cpuMs } = run;
      rows.push({ change, contender: contender.name, wallMs, cpuMs, redone: await contender.redone(run) });
      report(`rerun: ${change}, ${contender.name}: ${(wallMs / 1000).toFixed(1)} s`);
    }
  }
  const version = await runMeasured({ file: python, args: ['-m', 'dvc', '--version'] }, repositoryFolder);
  const measuredOn = new Date().toISOString().slice(0, 10);
  return { formatVersion: 1, measuredOn, machine, dvc: version.stdout.trim(), pictures, rows };
}

type Change = readonly [name: string, apply: (contender: Contender) => Promise<unknown>];

function changes(made: MadePictures): Change[] {
  const added = path.join('images', pictureName(made.count, made));
  return [
    ['everything, from nothing', () => Promise.resolve()],
    ['nothing changed', () => Promise.resolve()],
    [
      'one picture added',
      async ({ root }) => writeFile(path.join(root, added), await pictureOf('added', made)),
    ],
    ['one parameter changed (rotation)', (contender) => contender.turnLess()],
    ['one resized picture deleted', ({ root, resized }) => rm(path.join(root, resized))],
  ];
}

async function copyPictures(root: string, folder: string, made: MadePictures): Promise<void> {
  const source = path.join(folder, `rerun-pictures-${made.count}`);
  await makePictures(source, made);
  await rm(root, { recursive: true, force: true });
  await cp(source, path.join(root, 'images'), { recursive: true });
  await rm(path.join(root, 'images/.made.json'));
}

async function prepareAtelier(folder: string, made: MadePictures): Promise<Contender> {
  const root = path.join(folder, 'rerun-atelier');
  await copyPictures(root, folder, made);
  const configure = (augment: object) =>
    writeFile(path.join(root, 'dataset.json'), JSON.stringify({ ...CONFIG, augment }));
  await configure(CONFIG.augment);
  return {
    name: 'Atelier',
    root,
    program: atelier('preprocess', '--dataset', root, '--json'),
    cwd: repositoryFolder,
    resized: path.join(STAGES.resize, `${pictureName(0, made)}.jpg`),
    turnLess: () => configure({ ...CONFIG.augment, rotation: { maxDegrees: 10 } }),
    async redone({ stdout }) {
      const summaries = JSON.parse(stdout) as { stage: string; done: number; items: { id: string }[] }[];
      const of = (stage: string) => summaries.find((summary) => summary.stage === stage);
      const shards = (await readManifest(path.join(root, STAGES.normalize, 'manifest.jsonl'))) as Manifest;
      const rows = (of('normalize')?.items ?? []).map(
        ({ id }) => shards.items.get(id)?.params?.['rows'] as number,
      );
      return {
        resize: of('resize')?.done ?? 0,
        augment: of('augment')?.done ?? 0,
        normalize: rows.reduce((sum, count) => sum + count, 0),
      };
    },
  };
}

async function prepareDvc(
  folder: string,
  { made, python }: { made: MadePictures; python: string },
): Promise<Contender> {
  const root = path.join(folder, 'rerun-dvc');
  await copyPictures(root, folder, made);
  const scripts = path.join(appFolder, 'peers/dvc');
  for (const name of await readdir(scripts)) await cp(path.join(scripts, name), path.join(root, name));
  const params = path.join(root, 'params.yaml');
  const configure = (degrees: number) =>
    writeFile(
      params,
      [
        `python: ${python}`,
        'resize: { width: 160, height: 160, quality: 90 }',
        `augment: { images_per_source: 5, max_degrees: ${degrees}, zoom: 0.2, shift: 0.3, contrast: 0.2, seed: 1 }`,
        '',
      ].join('\n'),
    );
  await configure(25);
  const dvc = (...args: string[]): Program => ({
    file: python,
    args: ['-m', 'dvc', ...args],
    env: { DVC_NO_ANALYTICS: '1' },
  });
  await runMeasured(dvc('init', '--no-scm', '--quiet'), root);
  await runMeasured(dvc('config', 'core.check_update', 'false'), root);
  return {
    name: 'DVC',
    root,
    program: dvc('repro'),
    cwd: root,
    resized: path.join('resized', pictureName(0, made)),
    turnLess: () => configure(10),
    redone: ({ stdout }) => Promise.resolve(redoneByDvc(stdout)),
  };
}

/** How many pictures each script says it made; a stage that did not run says nothing. */
export function redoneByDvc(stdout: string): RerunRow['redone'] {
  const redone = { resize: 0, augment: 0, normalize: 0 };
  let stage: string | undefined;
  for (const line of stdout.split('\n')) {
    stage = /^Running stage '(\w+)'/.exec(line)?.[1] ?? stage;
    const made = /^made (\d+)$/.exec(line)?.[1];
    if (made !== undefined && stage !== undefined) redone[stage as keyof typeof redone] = Number(made);
  }
  return redone;
}
