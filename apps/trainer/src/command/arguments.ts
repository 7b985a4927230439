import { parseArgs, type ParseArgsConfig } from 'node:util';
import { messageOf } from '@atelier/core';
import { EXPORT_FORMAT_NAMES } from '@atelier/model/formats';
import { unknownName, usageError } from '@atelier/stage';

/** An option as node:util's parseArgs wants it, and what `--help` says of it. */
type Option = NonNullable<ParseArgsConfig['options']>[string] & {
  readonly description: string;
  readonly argument?: string;
};

/** The options that every command takes. */
const COMMON = {
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
  run: { type: 'string', argument: 'NAME', description: 'the run (default: a new one, or the newest)' },
  engine: {
    type: 'string',
    argument: 'NAME',
    description: 'graph, layers or auto (default: train.engine of dataset.json)',
  },
  json: { type: 'boolean', default: false, description: 'machine-readable output on stdout' },
  verbose: { type: 'boolean', default: false, description: 'the stack of an error' },
  help: { type: 'boolean', default: false, description: 'this text' },
} satisfies Record<string, Option>;

/** What each command does and takes besides. */
export const COMMANDS = {
  train: {
    summary: 'Trains a classifier on a preprocessed dataset, evaluates and exports it.',
    positionals: null,
    options: {
      resume: { type: 'boolean', default: false, description: 'go on with the run that was interrupted' },
      'if-stale': {
        type: 'boolean',
        default: false,
        description: 'do nothing where the newest model is of these settings and tensors',
      },
    },
  },
  evaluate: {
    summary: 'Evaluates a trained model on the validation and test splits.',
    positionals: null,
    options: {},
  },
  predict: {
    summary: 'Says what is in pictures: predict PATHS… (files and folders).',
    positionals: 'PATHS…',
    options: {
      format: { type: 'string', argument: 'NAME', description: 'table (default), csv or json' },
      top: { type: 'string', argument: 'N', description: 'how many classes of each picture (default 3)' },
    },
  },
  export: {
    summary: 'Writes a trained model in the formats of other programs.',
    positionals: null,
    options: {
      format: {
        type: 'string',
        argument: 'NAMES',
        description: `of ${EXPORT_FORMAT_NAMES.join(',')} (default: all)`,
      },
      out: {
        type: 'string',
        argument: 'DIR',
        description: "a folder for each format's folder (default: export/ in the run's)",
      },
    },
  },
} as const satisfies Record<
  string,
  { summary: string; positionals: string | null; options: Record<string, Option> }
>;

/** The name of a command. */
export type CommandName = keyof typeof COMMANDS;

/** A command line, taken apart. */
export interface CommandLine {
  readonly command: CommandName;
  readonly dataset: string;
  /** `key=value` each, `--engine` included. */
  readonly set: readonly string[];
  readonly run: string | null;
  readonly json: boolean;
  readonly help: boolean;
  readonly resume: boolean;
  readonly ifStale: boolean;
  readonly format: string | null;
  readonly out: string | null;
  readonly top: string | null;
  readonly paths: readonly string[];
}

/**
 * Takes a command line apart; without a command it is `train`.
 * @throws AtelierError USAGE naming the nearest known command or option
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const named = args[0] !== undefined && !args[0].startsWith('-');
  const command = (named ? args[0] : 'train') as CommandName;
  if (!Object.hasOwn(COMMANDS, command)) {
    throw unknownName(command, { noun: 'command', known: Object.keys(COMMANDS) });
  }
  const rest = named ? args.slice(1) : args;
  const options: Record<string, Option> = { ...COMMON, ...COMMANDS[command].options };
  const known = Object.keys(options).map((name) => `--${name}`);
  for (const arg of beforeTerminator(rest).filter((each) => /^--./.test(each))) {
    const name = arg.split('=')[0] as string;
    if (!known.includes(name)) throw unknownName(name, { noun: 'option', known });
  }
  const { values, positionals } = parse(rest, options);
  if (positionals.length > 0 && COMMANDS[command].positionals === null) {
    throw usageError(`${command} takes no "${positionals[0]}"`, '--help lists the options.');
  }
  const text = (name: string) => (values[name] as string | undefined) ?? null;
  const engine = text('engine');
  return {
    command,
    dataset: values['dataset'] as string,
    set: [...(values['set'] as string[]), ...(engine === null ? [] : [`train.engine=${engine}`])],
    run: text('run'),
    json: values['json'] === true,
    help: values['help'] === true,
    resume: values['resume'] === true,
    ifStale: values['if-stale'] === true,
    format: text('format'),
    out: text('out'),
    top: text('top'),
    paths: positionals,
  };
}

/** What stands after a lone "--" are paths, whatever they look like. */
function beforeTerminator(args: readonly string[]): readonly string[] {
  const end = args.indexOf('--');
  return end < 0 ? args : args.slice(0, end);
}

function parse(args: readonly string[], options: Record<string, Option>) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
  } catch (error) {
    throw usageError(messageOf(error), '--help lists the options.');
  }
}

/** The text of `--help`. */
export function helpText(command: CommandName): string {
  const { summary, options } = COMMANDS[command];
  const lines = Object.entries<Option>({ ...options, ...COMMON }).map(
    ([name, { argument = '', description }]) => `  ${`--${name} ${argument}`.padEnd(20)} ${description}`,
  );
  const others = Object.keys(COMMANDS).join(', ');
  return [summary, '', 'Options:', ...lines, '', `Commands: ${others} (default train)`].join('\n');
}
