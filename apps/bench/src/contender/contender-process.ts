import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { AtelierError } from '@atelier/core';
import { peakMemoryBytes, untilIdle } from './process-facts.js';
import type { ContenderOptions, Ready, Timings, TurnRequest } from './protocol.js';

/** A program as it is started; the options follow its arguments. */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A contender that has been built and waits. */
export interface ContenderProcess {
  readonly versions: Ready['versions'];
  /** @throws AtelierError PROGRAM_FAILED where it ends, answers with something else, or its loss is not finite */
  run(request: TurnRequest): Promise<Timings>;
  /** Waits until it does nothing any more, see {@link untilIdle}. */
  untilIdle(): Promise<boolean>;
  /** The most memory it has had in use so far, see {@link peakMemoryBytes}. */
  peakMemoryBytes(): Promise<number | null>;
  /** Lets it end, and waits until it has. */
  close(): Promise<void>;
}

/** How much of what a program says on stderr is kept for an error. */
const LAST_WORDS = 4_000;

/**
 * Starts a contender's program and waits until it is built.
 * @throws AtelierError PROGRAM_FAILED with its last words
 */
export async function startContender(
  name: string,
  program: Program,
  options: ContenderOptions,
): Promise<ContenderProcess> {
  const child = spawn(program.file, [...program.args, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...program.env },
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-LAST_WORDS)));
  child.stdin.on('error', () => undefined); // a program that has ended is told by its end
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(`it ended with ${code ?? signal}`));
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done === true) throw failed(name, await ended, said);
    try {
      return JSON.parse(value as string) as unknown;
    } catch {
      throw failed(name, `it answered "${String(value).slice(0, 200)}"`, said);
    }
  };
  const close = async (): Promise<void> => {
    child.stdin.end();
    await ended;
  };
  try {
    const { versions } = (await answer()) as Ready;
    const pid = child.pid as number;
    return {
      versions,
      untilIdle: () => untilIdle(pid),
      peakMemoryBytes: () => peakMemoryBytes(pid),
      async run(request) {
        child.stdin.write(`${JSON.stringify(request)}\n`);
        const timings = (await answer()) as Timings;
        const problem = problemOf(timings, request);
        if (problem !== null) throw failed(name, problem, said);
        return timings;
      },
      close,
    };
  } catch (error) {
    child.kill();
    throw error;
  }
}

function problemOf({ durationsMs, loss }: Timings, { count }: TurnRequest): string | null {
  if (durationsMs.length !== count) return `it gave ${durationsMs.length} durations for ${count}`;
  const odd = durationsMs.find((duration) => !(duration > 0 && Number.isFinite(duration)));
  if (odd !== undefined) return `it gave the duration ${odd}`;
  return loss === null || Number.isFinite(loss) ? null : `its loss is ${loss}`;
}

function failed(name: string, problem: string, said: string): AtelierError {
  const words = lastWords(said);
  return new AtelierError({
    code: 'PROGRAM_FAILED',
    action: `measure ${name}`,
    problem,
    hint: words === null ? 'It said nothing more.' : `It said: ${words}. With --verbose it says all.`,
    cause: new Error(said),
  });
}

/** The line that names the error in what a program said; else its last line. */
export function lastWords(said: string): string | null {
  const lines = said.split('\n').filter((line) => line.trim() !== '' && !/^\s+at /.test(line));
  return (lines.findLast((line) => /error\b/i.test(line)) ?? lines.at(-1))?.trim() ?? null;
}
