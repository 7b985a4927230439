import { STAGES, type StageName } from '@atelier/core';
import { repositoryFolder } from '../contender/programs.js';
import { machineFacts, type Machine } from '../environment/machine.js';
import { median } from '../report/statistics.js';
import { launcher, worker } from './atelier-program.js';
import { runMeasured, type MeasuredRun } from './run-measured.js';
import { openScaleDataset, type ScaleDataset } from './scale-dataset.js';

/** A dataset that is measured. */
export interface ScaleCase {
  readonly pictures: number;
  /** As `augment.imagesPerSource`: 1 makes a sample of each picture, 5 about 4.2 of them (training alone has variants). */
  readonly imagesPerSource: number;
}

/** What one kind of run took, on one dataset. */
export interface ScaleRow extends ScaleCase {
  /** A stage run for the first time, or the whole line. */
  readonly what: StageName | 'nothing changed' | 'one picture changed';
  /** Pictures up to split, samples from augment on and for the whole line. */
  readonly items: number;
  readonly wallMs: number;
  readonly cpuMs: number | null;
  /** Of the largest process. */
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

/** How it is measured. */
export interface ScalePlace {
  /** The datasets are made in it. */
  readonly folder: string;
  /** Go on where a measurement was stopped. */
  readonly resume: boolean;
  /** How often the short runs, those of the line, are repeated; their medians count. */
  readonly repeats: number;
  report(line: string): void;
}

const LINE = Object.keys(STAGES) as StageName[];
/** Stages whose items are pictures; those of the others are samples. */
const OF_PICTURES: readonly ScaleRow['what'][] = LINE.slice(0, LINE.indexOf('split') + 1);
const WHATS: readonly ScaleRow['what'][] = [...LINE, 'nothing changed', 'one picture changed'];

/** Measures every stage from nothing, then the line with nothing changed and with one picture changed. */
export async function runScale(cases: readonly ScaleCase[], place: ScalePlace): Promise<ScaleResults> {
  const machine = await machineFacts();
  const { repeats } = place;
  const rows: ScaleRow[] = [];
  for (const each of cases) {
    const dataset = await openScaleDataset(each, place);
    for (const what of WHATS) {
      const row =
        dataset.rows.find((known) => known.what === what) ?? (await measureRow(dataset, { what, repeats }));
      rows.push(row);
      place.report(rowLine(row));
      await dataset.keep(row);
    }
  }
  const measuredOn = new Date().toISOString().slice(0, 10);
  return { formatVersion: 1, measuredOn, machine, repeats, rows };
}

function rowLine({ pictures, what, wallMs, cpuMs }: ScaleRow): string {
  const processor = cpuMs === null ? '' : `, ${(cpuMs / 1000).toFixed(1)} s of processor time`;
  return `scale: ${pictures} pictures, ${what}: ${(wallMs / 1000).toFixed(1)} s${processor}`;
}

interface Wanted {
  readonly what: ScaleRow['what'];
  readonly repeats: number;
}

async function measureRow(dataset: ScaleDataset, wanted: Wanted): Promise<ScaleRow> {
  const run = await measure(dataset, wanted);
  const { what } = wanted;
  const { pictures, imagesPerSource } = dataset.case;
  const items = OF_PICTURES.includes(what) ? pictures : await dataset.samples();
  return { pictures, imagesPerSource, what, items, ...run };
}

type Figures = Pick<ScaleRow, 'wallMs' | 'cpuMs' | 'peakMemoryBytes'>;

async function measure(dataset: ScaleDataset, { what, repeats }: Wanted): Promise<Figures> {
  const line = () => runMeasured(launcher('preprocess', '--dataset', dataset.root), repositoryFolder);
  if (what === 'nothing changed') return repeated(line, repeats);
  if (what === 'one picture changed') {
    return repeated(async () => {
      await dataset.changePicture();
      return line();
    }, repeats);
  }
  await dataset.clear(what);
  return figures(await runMeasured(worker(what, '--dataset', dataset.root), repositoryFolder));
}

const figures = ({ wallMs, cpuMs, largestPeakBytes }: MeasuredRun): Figures => ({
  wallMs,
  cpuMs,
  peakMemoryBytes: largestPeakBytes,
});

/** The medians of several runs. */
async function repeated(run: () => Promise<MeasuredRun>, repeats: number): Promise<Figures> {
  const runs: Figures[] = [];
  for (let i = 0; i < repeats; i++) runs.push(figures(await run()));
  const middle = (values: (number | null)[]) => (values.includes(null) ? null : median(values as number[]));
  return {
    wallMs: median(runs.map(({ wallMs }) => wallMs)),
    cpuMs: middle(runs.map(({ cpuMs }) => cpuMs)),
    peakMemoryBytes: middle(runs.map(({ peakMemoryBytes }) => peakMemoryBytes)),
  };
}
