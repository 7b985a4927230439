import { resolve } from 'node:path';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import type { Manifest } from '@atelier/artifacts';
import { AtelierError, messageOf, printable, type Json } from '@atelier/core';
import type { Stage } from './contract.js';
import { openDataset } from './dataset.js';
import { silentReporter, stderrReporter } from './reporter.js';
import { runStage } from './run-stage.js';
import { isIdle, summaryLines, type RunSummary } from './summary.js';
import { unknownName, usageError } from './usage.js';

/** What each option is for, as `--help` shows it. */
interface OptionText {
  readonly description: string;
  /** What its value is, for options that take one. */
  readonly argument?: string;
}

/** The options that every worker takes, as node:util's parseArgs wants them. */
export const WORKER_OPTIONS = {
  dataset: {
    type: 'string' as const,
    default: 'datasets/sample',
    argument: 'DIR',
    description: 'the dataset (default datasets/sample)',
  },
  set: {
    type: 'string',
    multiple: true,
    default: [] as string[],
    argument: 'key=value',
    description: 'another value for one setting of dataset.json, this time only; may be repeated',
  },
  'dry-run': {
    type: 'boolean',
    default: false,
    description: 'say what would be done and why, do nothing',
  },
  explain: { type: 'boolean', default: false, description: 'name the reason of every single item' },
  verify: {
    type: 'boolean',
    default: false,
    description: 'digest every file anew instead of trusting size and modification time',
  },
  resplit: {
    type: 'boolean',
    default: false,
    description: 'assign all pictures to splits afresh (the split stage; the others ignore it)',
  },
  concurrency: {
    type: 'string',
    argument: 'N',
    description: 'items at once (default: twice the cores); the result does not depend on it',
  },
  json: { type: 'boolean', default: false, description: 'machine-readable output on stdout' },
  verbose: { type: 'boolean', default: false, description: 'the stack of an error' },
  help: { type: 'boolean', default: false, description: 'this text' },
} satisfies Record<string, NonNullable<ParseArgsConfig['options']>[string] & OptionText>;

const helpLine = ([name, { argument, description }]: [string, OptionText]) =>
  `  ${`--${name} ${argument ?? ''}`.padEnd(20)} ${description}`;

const HELP = ['Options:', ...Object.entries(WORKER_OPTIONS).map(helpLine)].join('\n');

/** A worker's options, parsed. */
export interface WorkerOptions {
  readonly dataset: string;
  readonly set: string[];
  readonly concurrency: number | undefined;
  readonly dryRun: boolean;
  readonly explain: boolean;
  readonly verify: boolean;
  readonly resplit: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly help: boolean;
  readonly positionals: string[];
}

/**
 * Parses a worker's command line.
 * @throws AtelierError USAGE naming the nearest known option
 */
export function parseWorkerArgs(args: readonly string[]): WorkerOptions {
  const ignored = isUnderNx() ? Object.keys(TRAIN_OPTIONS) : [];
  const known = [...Object.keys(WORKER_OPTIONS), ...ignored].map((name) => `--${name}`);
  const given = args.filter((arg) => /^--./.test(arg)).map((arg) => arg.split('=')[0] as string);
  for (const name of given) if (!known.includes(name)) throw unknownName(name, { noun: 'option', known });
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    throw usageError(messageOf(error), '--help lists the options.');
  }
  return workerOptions(parsed.values, parsed.positionals);
}

/** What the options' values are once a command line has been taken apart, by node:util or by yargs. */
export type WorkerValues = ReturnType<typeof parse>['values'];

/**
 * A worker's options from their values.
 * @throws AtelierError USAGE for a value that is none
 */
export function workerOptions(values: WorkerValues, positionals: string[]): WorkerOptions {
  const concurrency = values.concurrency === undefined ? undefined : Number(values.concurrency);
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && concurrency > 0)) {
    throw usageError(`--concurrency is ${values.concurrency}`, 'Give a whole number from 1.');
  }
  const { dataset, set, 'dry-run': dryRun, explain, verify, resplit, json, verbose, help } = values;
  return { dataset, set, concurrency, dryRun, explain, verify, resplit, json, verbose, help, positionals };
}

/**
 * The options of the `train` target. Nx hands all options of a target to those it runs before, so that --dataset
 * reaches every stage; under Nx a worker lets these pass.
 */
const TRAIN_OPTIONS = {
  engine: { type: 'string' },
  run: { type: 'string' },
  resume: { type: 'boolean' },
  'if-stale': { type: 'boolean' },
} as const;

const parse = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    options: isUnderNx() ? { ...TRAIN_OPTIONS, ...WORKER_OPTIONS } : WORKER_OPTIONS,
    strict: true,
    allowPositionals: true,
  }) as ReturnType<typeof parseArgs<{ options: typeof WORKER_OPTIONS; allowPositionals: true }>>;

const isUnderNx = (env: NodeJS.ProcessEnv = process.env) => env['NX_TASK_TARGET_PROJECT'] !== undefined;

/**
 * Where a relative path of the command line starts: the folder the person is in. Nx runs every task in the
 * workspace's root and leaves the person's folder in INIT_CWD.
 */
export function startFolder(env: NodeJS.ProcessEnv = process.env): string {
  return (isUnderNx(env) && env['INIT_CWD']) || process.cwd();
}

/** Resolves --dataset: against the person's folder, or (the default) against the workspace Nx runs in. */
export function resolveDataset(dataset: string): string {
  return dataset === WORKER_OPTIONS.dataset.default ? resolve(dataset) : resolve(startFolder(), dataset);
}

/** Runs stages one after the other on one dataset and reports each. */
export async function runStages(stages: readonly Stage[], options: WorkerOptions): Promise<RunSummary[]> {
  const dataset = await openDataset(resolveDataset(options.dataset), options.set);
  const reporter = options.json ? { ...stderrReporter(), line: silentReporter.line } : stderrReporter();
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const summaries: RunSummary[] = [];
  const manifests = new Map<string, Manifest>();
  try {
    for (const stage of stages) {
      const summary = await runStage(stage, dataset, {
        ...options,
        reporter,
        signal: stop.signal,
        manifests,
      });
      summaries.push(summary);
      // said when something was done: a run that finds all up to date repeats nothing
      if (!isIdle(summary) || options.explain) {
        for (const warning of summary.warnings) reporter.warn(printable(`${stage.name}: ${warning}`));
      }
      for (const line of summaryLines(summary, options)) reporter.line(printable(line));
    }
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
  return summaries;
}

/** The program of one stage: what `node packages/<stage>/dist/main.js` does. */
export async function runWorker<Config extends Json>(stage: Stage<Config>): Promise<void> {
  await runProgram(async (args) => {
    const options = parseWorkerArgs(args);
    if (options.help) {
      process.stdout.write(`The stage ${stage.name} of Atelier.\n${HELP}\n`);
      return;
    }
    if (options.positionals.length > 0) {
      throw usageError(`it takes no "${options.positionals[0]}"`, '--help lists the options.');
    }
    const [summary] = await runStages([stage as unknown as Stage], options);
    if (options.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
  });
}

/**
 * The frame of every program of the house: runs it, prints an error as one line (`--verbose`: with its stack)
 * and sets the exit code: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted, 141 nobody reads its
 * output any more (`… | head`), which ends it as it ends every program, without a word.
 */
export async function runProgram(program: (args: string[]) => Promise<void>): Promise<void> {
  const args = process.argv.slice(2);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', endWithReader);
  try {
    await program(args);
  } catch (error) {
    const known = error instanceof AtelierError;
    process.stderr.write(`error: ${printable(messageOf(error))}\n`);
    if (args.includes('--verbose') || !known) process.stderr.write(`${stackOf(error)}\n`);
    process.exitCode = known ? (error.code === 'INTERRUPTED' ? 130 : error.exitCode) : 1;
  }
}

/** What a shell reports of a program that SIGPIPE ended, which Node ignores: 128 + 13. */
const READER_GONE = 141;

/** Ends at once: like after a kill, the next run goes on from what was finished. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(READER_GONE);
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : '';
  return `${error.stack}${cause}`;
}
