import type { ScaleResults, ScaleRow } from '../pipeline/scale.js';
import { machineLine } from './rows.js';
import { section, type Report } from './report.js';

const seconds = (ms: number | null) => (ms === null ? 'not known' : `${(ms / 1000).toFixed(2)} s`);
const megabytes = (bytes: number | null) => (bytes === null ? 'not known' : `${Math.round(bytes / 1e6)} MB`);

/** Goals of one run of the whole line at about 44,000 samples, in milliseconds. */
const GOALS: Readonly<Partial<Record<ScaleRow['what'], number>>> = {
  'nothing changed': 2_000,
  'one picture changed': 4_000,
};
/** The goals hold for as many items. */
const GOAL_ITEMS = [40_000, 50_000] as const;

/** The report of `--only scale`. */
export function scaleReport(results: ScaleResults): Report {
  const { rows, machine, measuredOn, repeats } = results;
  const whats = [...new Set(rows.map(({ what }) => what))];
  const tables = whats.map((what) => {
    const own = rows.filter((row) => row.what === what);
    return {
      title: what,
      columns: ['pictures', 'items', 'time', 'processor time', 'per 1,000 items', 'grows', 'peak memory'],
      rows: own.map((row, i) => [
        row.pictures.toLocaleString('en'),
        row.items.toLocaleString('en'),
        seconds(row.wallMs),
        seconds(row.cpuMs),
        seconds(row.cpuMs === null ? null : (row.cpuMs * 1000) / row.items),
        growth(own[i - 1], row),
        megabytes(row.peakMemoryBytes),
      ]),
    };
  });
  return {
    name: 'scale',
    title: 'Preprocessing as datasets grow',
    facts: [machineLine(machine, measuredOn), ...rows.flatMap(goalLine)],
    sections: tables.map(section),
    notes: [
      'Pictures of 24x24 pixels of noise, resized to 16x16, so that little but Atelier’s own work is measured. Each ' +
        'stage is run by itself, from nothing, as Nx starts it; then the line of all six as `atelier preprocess`, ' +
        `${repeats} times, of which the median counts; by npx it takes as long as npm needs to start in addition.`,
      'Items are pictures up to split, samples from augment on and for the line. Where there are more samples than ' +
        'pictures each picture for training has five images, as the defaults have it; else one.',
      'Processor time is user and system time of the program and all it started; peak memory is VmHWM of the largest ' +
        'process, looked at every 20 ms.',
      '"Grows": how many times the processor time of the row above, for how many times its items.',
    ],
    data: results,
  };
}

/** "9.8 x for 10.0 x": at most as much, where costs grow linearly. Told of datasets of the same kind. */
function growth(before: ScaleRow | undefined, row: ScaleRow): string {
  if (before?.imagesPerSource !== row.imagesPerSource || before.cpuMs === null || row.cpuMs === null)
    return '';
  return `${(row.cpuMs / before.cpuMs).toFixed(1)} x for ${(row.items / before.items).toFixed(1)} x`;
}

/** "nothing changed at 44,100 items: 1.20 s, at most 2.00 s wanted: reached". */
function goalLine({ what, items, wallMs }: ScaleRow): string[] {
  const goal = GOALS[what];
  if (goal === undefined || items < GOAL_ITEMS[0] || items > GOAL_ITEMS[1]) return [];
  const reached = wallMs <= goal ? 'reached' : 'not reached';
  return [
    `${what} at ${items.toLocaleString('en')} items: ${seconds(wallMs)}, at most ${seconds(goal)} wanted: ${reached}`,
  ];
}
