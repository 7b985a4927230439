import { parseArgs, type ParseArgsConfig } from 'node:util';
import { messageOf } from '@atelier/core';
import { unknownName, usageError } from '@atelier/stage';
import type { ScaleCase } from '../pipeline/scale.js';
import { TASKS, type Task } from './tasks.js';

/** Sizes and counts of a benchmark. */
export interface Settings {
  readonly tasks: readonly Task[];
  /** Counted units of each contender, over all rounds, where a turn has several. */
  readonly steps: number;
  readonly rounds: number;
  /** Units that each contender runs before the first round, not counted. */
  readonly warmup: number;
  /** Side of a picture in pixels. */
  readonly size: number;
  readonly batchSize: number;
  readonly classes: number;
  /** Pictures of the dataset, all of them for training. */
  readonly pictures: number;
  /** Batches of one evaluation. */
  readonly evaluateBatches: number;
  /** Whether Keras compiles with XLA; null = whatever is faster here, tried first. */
  readonly xla: boolean | null;
}

/** What is measured of preprocessing, only where it is asked for: it takes long. */
export const MEASURES = ['scale', 'rerun'] as const;

/** A command line, taken apart. */
export interface CommandLine {
  /** Of training; no tasks where only preprocessing is measured. */
  readonly settings: Settings;
  readonly measures: readonly (typeof MEASURES)[number][];
  /** The datasets that `scale` measures, as they are given. */
  readonly sizes: readonly ScaleCase[];
  /** `scale` goes on where it was stopped. */
  readonly resume: boolean;
  /** Pictures that `rerun` works on. */
  readonly rerunPictures: number;
  /** Where the results go; as the person wrote it, null = below .cache/. */
  readonly out: string | null;
  readonly json: boolean;
  readonly help: boolean;
}

type Option = NonNullable<ParseArgsConfig['options']>[string] & {
  readonly argument?: string;
  readonly description: string;
};

const count = (defaultValue: number, description: string) => ({
  type: 'string' as const,
  default: String(defaultValue),
  argument: 'N',
  description: `${description} (default ${defaultValue})`,
});

const names = [...TASKS.map((task) => task.name), ...MEASURES];

/** Three sizes of the same kind, and one of about 44,000 samples as the defaults make them. */
const SIZES = '1000,10000,100000,10500x5';

const OPTIONS = {
  only: {
    type: 'string',
    argument: 'LIST',
    description: `some tasks, comma-separated: ${names.join(', ')} (default: all but the last two)`,
  },
  steps: count(24, 'counted steps of each contender, over all rounds'),
  rounds: count(8, 'rounds; in each every contender has one turn'),
  warmup: count(4, 'steps of each contender before the first round'),
  size: count(300, 'side of the pictures in pixels'),
  batch: count(32, 'pictures in a batch'),
  classes: count(49, 'classes'),
  pictures: count(320, 'pictures of the dataset, a multiple of the batch'),
  'evaluate-batches': count(10, 'batches of one evaluation'),
  sizes: {
    type: 'string',
    default: SIZES,
    argument: 'LIST',
    description: `scale: numbers of pictures, "x" images per source (default ${SIZES})`,
  },
  resume: {
    type: 'boolean',
    default: false,
    description: 'scale: go on where it was stopped, with what it had measured',
  },
  'rerun-pictures': count(100, 'rerun: pictures'),
  xla: {
    type: 'string',
    argument: 'on|off',
    description: 'for Keras (default: whichever is faster, tried first)',
  },
  out: {
    type: 'string',
    argument: 'DIR',
    description: 'where the results go (default .cache/bench/results)',
  },
  json: { type: 'boolean', default: false, description: 'the results as JSON on stdout instead of tables' },
  verbose: { type: 'boolean', default: false, description: 'the stack of an error' },
  help: { type: 'boolean', default: false, description: 'this text' },
} satisfies Record<string, Option>;

/**
 * Takes a command line apart.
 * @throws AtelierError USAGE naming the nearest known option or task, or the value that makes no sense
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const known = Object.keys(OPTIONS).map((name) => `--${name}`);
  for (const arg of args.filter((each) => /^--./.test(each))) {
    const name = arg.split('=')[0] as string;
    if (!known.includes(name)) throw unknownName(name, { noun: 'option', known });
  }
  const values = parse(args);
  const number = (name: keyof typeof values, least = 1): number => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= least) return value;
    throw usageError(`--${name} is ${values[name]}`, `Give a whole number from ${least}.`);
  };
  const wanted = wantedOf(values.only);
  const settings: Settings = {
    tasks: TASKS.filter((task) => wanted.includes(task.name)),
    steps: number('steps'),
    rounds: number('rounds'),
    warmup: number('warmup', 0),
    size: number('size', 8),
    batchSize: number('batch'),
    classes: number('classes', 2),
    pictures: number('pictures'),
    evaluateBatches: number('evaluate-batches'),
    xla: xlaOf(values.xla),
  };
  const { pictures, batchSize, classes } = settings;
  if (pictures % batchSize !== 0 || pictures < classes) {
    throw usageError(
      `--pictures is ${pictures}`,
      `Give a multiple of the batch (${batchSize}), at least one picture for each of the ${classes} classes.`,
    );
  }
  return {
    settings,
    measures: MEASURES.filter((measure) => wanted.includes(measure)),
    sizes: sizesOf(values.sizes),
    resume: values.resume,
    rerunPictures: number('rerun-pictures', 10),
    out: values.out ?? null,
    json: values.json,
    help: values.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw usageError(messageOf(error), '--help lists the options.');
  }
}

function wantedOf(list: string | undefined): readonly string[] {
  if (list === undefined) return TASKS.map((task) => task.name);
  const wanted = list.split(',').map((name) => name.trim());
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) throw unknownName(unknown, { noun: 'task', known: names });
  return wanted;
}

function sizesOf(list: string): ScaleCase[] {
  return list.split(',').map((size) => {
    const [, pictures, imagesPerSource = 1] = /^(\d{1,7})(?:x(\d{1,2}))?$/.exec(size.trim()) ?? [];
    const found = { pictures: Number(pictures), imagesPerSource: Number(imagesPerSource) };
    if (found.pictures >= 100 && found.imagesPerSource >= 1) return found;
    throw usageError(
      `--sizes is ${list}`,
      'Give whole numbers from 100, comma-separated; "10500x5" for five images of each.',
    );
  });
}

function xlaOf(value: string | undefined): boolean | null {
  if (value === undefined) return null;
  if (value === 'on' || value === 'off') return value === 'on';
  throw usageError(`--xla is ${value}`, 'Give on or off, or leave it out.');
}

/** The text of `--help`. */
export function helpText(): string {
  const lines = Object.entries<Option>(OPTIONS).map(
    ([name, { argument = '', description }]) => `  ${`--${name} ${argument}`.padEnd(22)} ${description}`,
  );
  return [
    'Measures training from Node beside Keras and tfjs-node, interleaved, in one run; on request what preprocessing',
    'costs as datasets grow, and what changes cost beside DVC.',
    '',
    'Options:',
    ...lines,
  ].join('\n');
}
