import type { Measured, MeasuredTask } from '../contender/measure-task.js';
import type { Machine } from '../environment/machine.js';
import type { Settings } from '../plan/settings.js';
import type { Side, Task } from '../plan/tasks.js';
import { compareRounds, median, quantile, type Ratio } from './statistics.js';

/** One contender of a task, summed up. */
export interface ContenderResult {
  readonly name: string;
  readonly side: Side;
  readonly settings: string;
  /** Counted units. */
  readonly count: number;
  readonly medianMs: number;
  /** First and third quartile. */
  readonly quartilesMs: readonly [number, number];
  readonly roundsMs: readonly (readonly number[])[];
  /** Our time over its time: below 1, ours is faster; null for our own. */
  readonly ratio: Ratio | null;
  readonly peakMemoryBytes: number | null;
  /** Our peak memory over its; null for our own, and where the system does not tell. */
  readonly memoryRatio: number | null;
}

/** Whether something that was set out for was reached. */
export interface Verdict {
  readonly measure: 'time' | 'memory';
  readonly against: Side;
  /** The best of the side's contenders in this. */
  readonly contender: string;
  readonly ratio: number;
  readonly atMost: number;
  readonly reached: boolean;
}

/** One task, summed up. */
export interface TaskResult {
  readonly name: string;
  readonly title: string;
  readonly unit: Task['unit'];
  readonly contenders: readonly ContenderResult[];
  readonly verdicts: readonly Verdict[];
  readonly disturbedTurns: number;
}

/** Everything that a benchmark found: the content of benchmark-training.json. */
export interface Results {
  readonly formatVersion: 1;
  /** "2026-01-31". */
  readonly measuredOn: string;
  readonly machine: Machine;
  /** Library name -> version. */
  readonly versions: Readonly<Record<string, string>>;
  readonly settings: Omit<Settings, 'tasks' | 'xla'>;
  readonly xla: XlaChoice;
  readonly tasks: readonly TaskResult[];
}

/** Whether Keras compiled with XLA, and the medians that decided it; null where a person did. */
export interface XlaChoice {
  readonly xla: boolean;
  readonly mediansMs: { readonly without: number; readonly with: number } | null;
}

/** Sums a task up; its first contender is ours. */
export function summarizeTask({ task, contenders, disturbedTurns }: MeasuredTask): TaskResult {
  const [ours] = contenders as readonly [Measured, ...Measured[]];
  const results = contenders.map((measured) => summarizeContender(measured, ours));
  return {
    name: task.name,
    title: task.title,
    unit: task.unit,
    contenders: results,
    verdicts: [...timeVerdicts(task, results), ...memoryVerdicts(task, results)],
    disturbedTurns,
  };
}

function summarizeContender(measured: Measured, ours: Measured): ContenderResult {
  const { contender, roundsMs, peakMemoryBytes } = measured;
  const { name, side, settings } = contender;
  const all = roundsMs.flat();
  const memory = ours.peakMemoryBytes;
  const known = measured !== ours && memory !== null && peakMemoryBytes !== null;
  return {
    name,
    side,
    settings,
    count: all.length,
    medianMs: median(all),
    quartilesMs: [quantile(all, 0.25), quantile(all, 0.75)],
    roundsMs,
    ratio: measured === ours ? null : compareRounds(ours.roundsMs, roundsMs),
    peakMemoryBytes,
    memoryRatio: known ? memory / peakMemoryBytes : null,
  };
}

/** A goal counts against the fastest of a side that is not apart. */
function timeVerdicts({ goals, contenders }: Task, results: readonly ContenderResult[]): Verdict[] {
  return goalEntries(goals).flatMap(([against, atMost]) => {
    const rivals = results.filter(({ side }, index) => side === against && !contenders[index]?.apart);
    return worst(
      rivals.map(({ name, ratio }) => ({ name, ratio: ratio?.ratio ?? null })),
      { measure: 'time', against, atMost },
    );
  });
}

/** A goal counts against the one of a side that needs the least. */
function memoryVerdicts({ memoryGoals }: Task, results: readonly ContenderResult[]): Verdict[] {
  return goalEntries(memoryGoals).flatMap(([against, atMost]) => {
    const rivals = results.filter(({ side }) => side === against);
    return worst(
      rivals.map(({ name, memoryRatio }) => ({ name, ratio: memoryRatio })),
      { measure: 'memory', against, atMost },
    );
  });
}

const goalEntries = (goals: Task['goals']) => Object.entries(goals) as [Side, number][];

/** The verdict against the rival that leaves us the highest ratio; none where nothing is known. */
function worst(
  rivals: readonly { name: string; ratio: number | null }[],
  goal: Pick<Verdict, 'measure' | 'against' | 'atMost'>,
): Verdict[] {
  const known = rivals.filter((rival): rival is { name: string; ratio: number } => rival.ratio !== null);
  if (known.length === 0) return [];
  const hardest = known.reduce((a, b) => (b.ratio > a.ratio ? b : a));
  return [{ ...goal, contender: hardest.name, ratio: hardest.ratio, reached: hardest.ratio <= goal.atMost }];
}
