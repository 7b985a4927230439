import type { Machine } from '../environment/machine.js';
import type { ContenderResult, Results, TaskResult, Verdict } from './results.js';

/** The columns of a task's table. */
export const COLUMNS = [
  'contender',
  'median',
  'quartiles',
  'counted',
  'ours / its',
  'over rounds',
  'peak memory',
  'ours / its',
] as const;

/** A task's table: one row per contender, in the order of {@link COLUMNS}. */
export const taskRows = (task: TaskResult): string[][] => task.contenders.map(contenderRow);

function contenderRow(result: ContenderResult): string[] {
  const { name, medianMs, quartilesMs, count, ratio, peakMemoryBytes, memoryRatio } = result;
  return [
    name,
    milliseconds(medianMs),
    quartilesMs.map(milliseconds).join(' - '),
    String(count),
    ratio === null ? '' : ratio.ratio.toFixed(2),
    ratio === null ? '' : `${ratio.low.toFixed(2)} - ${ratio.high.toFixed(2)}`,
    peakMemoryBytes === null ? 'not known' : gigabytes(peakMemoryBytes),
    memoryRatio === null ? '' : memoryRatio.toFixed(2),
  ];
}

/** A duration as people read it: three digits that count. */
export function milliseconds(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms >= 1_000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms.toFixed(ms >= 100 ? 0 : ms >= 10 ? 1 : 2)} ms`;
}

/** Bytes as decimal gigabytes. */
export const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;

/** "time against Keras train_on_batch: 0.77, at most 0.80 wanted: reached". */
export const verdictLine = ({ measure, contender, ratio, atMost, reached }: Verdict): string =>
  `${measure} against ${contender}: ${ratio.toFixed(2)}, at most ${atMost.toFixed(2)} wanted: ${reached ? 'reached' : 'not reached'}`;

/** The machine, how busy it was, and the day. */
export const machineLine = (machine: Machine, measuredOn: string): string =>
  `${machine.cpu}, ${machine.cores} cores, ${gigabytes(machine.memoryBytes)}, ${machine.system}; ` +
  `${machine.loadBefore.toFixed(1)} cores busy before it began; ${measuredOn}`;

/** The machine, the versions and the sizes, a line each. */
export function factLines({ machine, versions, settings, measuredOn }: Results): string[] {
  const { size, batchSize, classes, pictures, evaluateBatches, rounds, warmup } = settings;
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    machineLine(machine, measuredOn),
    names.join(', '),
    `pictures ${size}x${size}x3, batches of ${batchSize}, ${classes} classes; an epoch is ${pictures} pictures, ` +
      `an evaluation ${evaluateBatches} batches; ${rounds} rounds after ${warmup} units of warm-up`,
  ];
}

/** How it was measured, in sentences. */
export function noteLines({ xla, tasks, machine }: Results): string[] {
  const disturbed = tasks.reduce((sum, task) => sum + task.disturbedTurns, 0);
  const { mediansMs } = xla;
  const tried =
    mediansMs === null
      ? 'as asked for'
      : `the faster here: ${milliseconds(mediansMs.without)} a step without it, ${milliseconds(mediansMs.with)} with it`;
  return [
    'Each contender is a process of its own that lasts as long as the task. They take turns, A B C, A B C; while one ' +
      'runs the others wait, and a turn begins when the one before has stopped working.',
    'The first step of each turn is not counted; of whole steps with their data the first four, since each turn opens its ' +
      'pipeline anew. Whole epochs count from their first moment.',
    'Ratios are of medians; "over rounds" is the lowest and highest ratio of one round.',
    'Peak memory is VmHWM of the process: interpreter, libraries, data and all.',
    `Keras compiles ${xla.xla ? 'with' : 'without'} XLA: ${tried}.`,
    'Every contender trains the same network with the same optimizer (RMSprop as Keras defines it; as tfjs defines it ' +
      'in tfjs-node) and computes loss and accuracy; files are read from the file cache of the system.',
    ...(disturbed > 0 ? [`In ${disturbed} turns the contender before was still at work after 15 s.`] : []),
    ...(machine.loadBefore > machine.cores / 4
      ? ['Other work ran on the machine when this began: measure again before you believe it.']
      : []),
  ];
}
