import { cp, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readManifest, type Manifest } from '@atelier/artifacts';
import { STAGES } from '@atelier/core';
import type { Program } from '../contender/contender-process.js';
import { appFolder, repositoryFolder } from '../contender/programs.js';
import { machineFacts, type Machine } from '../environment/machine.js';
import { ensurePythonPeers } from '../environment/python-peers.js';
import { median } from '../report/statistics.js';
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
  /** Turns the pictures by at most so many degrees. */
  turnBy(maxDegrees: number): Promise<void>;
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
  const machine = await machineFacts();
  const requirements = path.join(appFolder, 'peers/dvc/requirements.txt');
  const venv = path.join(repositoryFolder, '.cache/bench-dvc-venv');
  const python = await ensurePythonPeers(
    { name: 'DVC and Pillow', requirements, venv, systemPython: 'python3' },
    report,
  );
  const made = { ...PICTURE, count: pictures };
  const contenders = [await prepareAtelier(folder, made), await prepareDvc(folder, { made, python })];
  const rows: RerunRow[] = [];
  for (const change of changes(made)) {
    const rounds = contenders.map((): MeasuredChange[] => []);
    for (let round = 0; round < change.rounds; round++) {
      for (const [i, contender] of contenders.entries()) {
        await change.apply(contender, round);
        const run = await runMeasured(contender.program, contender.cwd);
        rounds[i]?.push({ ...run, redone: await contender.redone(run) });
        report(`rerun: ${change.name}, ${contender.name}: ${(run.wallMs / 1000).toFixed(1)} s`);
      }
    }
    rows.push(
      ...contenders.map(({ name }, i) => rowOf(rounds[i] ?? [], { change: change.name, contender: name })),
    );
  }
  const version = await runMeasured({ file: python, args: ['-m', 'dvc', '--version'] }, repositoryFolder);
  const measuredOn = new Date().toISOString().slice(0, 10);
  return { formatVersion: 1, measuredOn, machine, dvc: version.stdout.trim(), pictures, rows };
}

type MeasuredChange = Pick<MeasuredRun, 'wallMs' | 'cpuMs'> & Pick<RerunRow, 'redone'>;

/** The medians of the times; what was redone in the first round. */
function rowOf(rounds: readonly MeasuredChange[], what: Pick<RerunRow, 'change' | 'contender'>): RerunRow {
  const cpuMs = rounds.map((round) => round.cpuMs).filter((ms) => ms !== null);
  return {
    ...what,
    wallMs: median(rounds.map(({ wallMs }) => wallMs)),
    cpuMs: cpuMs.length === 0 ? null : median(cpuMs),
    redone: (rounds[0] as MeasuredChange).redone,
  };
}

interface Change {
  readonly name: string;
  /** How often it is made and measured. */
  readonly rounds: number;
  apply(contender: Contender, round: number): Promise<unknown>;
}

/** How often each change is made; the medians count. */
const ROUNDS = 3;

function changes(made: MadePictures): Change[] {
  const added = (round: number) => path.join('images', pictureName(made.count + round, made));
  return [
    { name: 'everything, from nothing', rounds: 1, apply: () => Promise.resolve() },
    { name: 'nothing changed', rounds: ROUNDS, apply: () => Promise.resolve() },
    {
      name: 'one picture added',
      rounds: ROUNDS,
      apply: async ({ root }, round) =>
        writeFile(path.join(root, added(round)), await pictureOf(`added ${round}`, made)),
    },
    {
      name: 'one parameter changed (rotation)',
      rounds: ROUNDS,
      apply: ({ turnBy }, round) => turnBy(10 + round),
    },
    {
      name: 'one resized picture deleted',
      rounds: ROUNDS,
      apply: ({ root, resized }) => rm(path.join(root, resized)),
    },
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
    resized: path.join(STAGES.resize, pictureName(0, made)),
    turnBy: (maxDegrees) => configure({ ...CONFIG.augment, rotation: { maxDegrees } }),
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
    turnBy: configure,
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
