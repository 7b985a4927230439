import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { AtelierError } from '@atelier/core';
import { resolveDataset, WORKER_OPTIONS } from '@atelier/stage';

/** A sub-command of the trainer's program. */
export type TrainerCommand = 'train' | 'evaluate' | 'predict' | 'export';

/** The trainer is a program of its own: apps never import each other. */
const TRAINER = fileURLToPath(new URL('../../trainer/dist/main.js', import.meta.url));
const BENCH = fileURLToPath(new URL('../../bench/dist/main.js', import.meta.url));
const INSPECTOR = fileURLToPath(new URL('../../inspector/dist/main.js', import.meta.url));

/** How the trainer is run. */
export interface TrainerOptions {
  /** Whether its results are shown; its progress and messages, on stderr, always are. Default true. */
  readonly showResults?: boolean;
  /** The program, for tests. */
  readonly program?: string;
}

/**
 * Runs a command of the trainer, its input and output being ours.
 * @param args everything but the command, passed on unchanged except --dataset, which becomes absolute
 * @returns its exit code
 * @throws AtelierError INPUT_MISSING where the trainer has not been built
 */
export async function runTrainer(
  command: TrainerCommand,
  args: readonly string[],
  { showResults = true, program = TRAINER }: TrainerOptions = {},
): Promise<number> {
  requireBuilt(program, 'start the trainer');
  return runNode([program, command, ...absoluteDataset(args)], showResults ? 'inherit' : 'ignore');
}

/**
 * Runs the bench, its input and output being ours.
 * @param args all of them, passed on unchanged
 * @returns its exit code
 * @throws AtelierError INPUT_MISSING where the bench has not been built
 */
export async function runBench(args: readonly string[], program = BENCH): Promise<number> {
  requireBuilt(program, 'start the bench');
  return runNode([program, ...args], 'inherit');
}

/**
 * Runs the inspector, its input and output being ours, until it is stopped.
 * @param args all of them, passed on unchanged except --dataset, which becomes absolute
 * @returns its exit code
 * @throws AtelierError INPUT_MISSING where the inspector has not been built
 */
export async function runInspector(args: readonly string[], program = INSPECTOR): Promise<number> {
  requireBuilt(program, 'start the inspector');
  return runNode([program, ...absoluteDataset(args)], 'inherit');
}

function requireBuilt(program: string, action: string): void {
  if (existsSync(program)) return;
  throw new AtelierError({
    code: 'INPUT_MISSING',
    action,
    path: program,
    problem: 'it has not been built',
    hint: 'Run "npm run build" first.',
  });
}

/** The arguments with --dataset, given or not, as an absolute path. */
export function absoluteDataset(args: readonly string[]): string[] {
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  const rest: string[] = [];
  let dataset: string = WORKER_OPTIONS.dataset.default;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    if (i < end && arg === '--dataset' && i + 1 < end) dataset = args[++i] as string;
    else if (i < end && arg.startsWith('--dataset=')) dataset = arg.slice('--dataset='.length);
    else rest.push(arg);
  }
  return [`--dataset=${resolveDataset(dataset)}`, ...rest];
}

/**
 * Runs Node on these arguments until it ends. SIGTERM and SIGHUP are passed on; so is SIGINT where there is no
 * terminal: a terminal sends Ctrl-C to both of us itself, and a second one would tell the trainer to give up at once.
 */
function runNode(args: readonly string[], stdout: 'inherit' | 'ignore'): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['inherit', stdout, 'inherit'] });
    const hasTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
    const passOn = (signal: NodeJS.Signals) => {
      if (signal !== 'SIGINT' || !hasTerminal) child.kill(signal);
    };
    for (const signal of SIGNALS) process.on(signal, passOn);
    const release = () => SIGNALS.forEach((signal) => process.off(signal, passOn));
    child.on('error', (error) => {
      release();
      reject(error);
    });
    child.on('close', (code, signal) => {
      release();
      resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
    });
  });
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
