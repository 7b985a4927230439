import { WORKER_OPTIONS } from '@atelier/stage';
import type { InferredOptionTypes, Options, PositionalOptions } from 'yargs';

/** What the list of commands shows. */
interface Named {
  readonly name: string;
  /** Its positionals as yargs writes them: "[stages..]". */
  readonly takes?: string;
  readonly description: string;
}

/** One command: what it is called, what it takes, what it does. */
export interface ParsedCommand extends Named {
  readonly positionals?: Readonly<Record<string, PositionalOptions>>;
  readonly options: Readonly<Record<string, Options>>;
  /** Does it; results go to stdout, everything else to stderr. @throws AtelierError */
  run(values: never): Promise<void>;
}

/** A command whose arguments another program understands. */
export interface RawCommand extends Named {
  /** Does it with everything else that stands on the command line, as it stands there. */
  runRaw(args: readonly string[]): Promise<void>;
}

/** A command of either kind. */
export type Command = ParsedCommand | RawCommand;

/** Declares a command; the type of its values follows from its options and positionals. */
export function defineCommand<
  const O extends Record<string, Options>,
  const P extends Record<string, PositionalOptions> = Record<never, never>,
>(
  command: Named & {
    readonly options: O;
    readonly positionals?: P;
    run(values: InferredOptionTypes<O> & InferredOptionTypes<P>): Promise<void>;
  },
): ParsedCommand {
  return command;
}

/** Of an option that is given twice, the last one counts, as in the workers' own command line. */
const last = (value: string | string[]): string => (Array.isArray(value) ? (value.at(-1) as string) : value);

/** An option that takes one text. */
export const textOption = (describe: string) =>
  ({ type: 'string', describe, requiresArg: true, coerce: last }) as const;

/** The options that many commands share. */
export const SHARED_OPTIONS = {
  dataset: { ...textOption('the dataset'), default: WORKER_OPTIONS.dataset.default },
  set: {
    type: 'string',
    array: true,
    requiresArg: true,
    describe: WORKER_OPTIONS.set.description,
    default: [] as string[],
    defaultDescription: 'none',
  },
  json: { type: 'boolean', default: false, describe: WORKER_OPTIONS.json.description },
} as const satisfies Record<string, Options>;

/** Writes a result for machines to stdout. Names with control characters are escaped, as JSON does it. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** Writes lines for people to stdout. */
export function printLines(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}
