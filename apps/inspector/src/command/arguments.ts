import { parseArgs, type ParseArgsConfig } from 'node:util';
import { messageOf } from '@atelier/core';
import { unknownName, usageError, WORKER_OPTIONS } from '@atelier/stage';

/** Where the inspector is reached when nothing else is said. */
export const LOOPBACK = '127.0.0.1';
const PORT = 4400;

/** The command line, taken apart. */
export interface InspectOptions {
  readonly dataset: string;
  readonly host: string;
  /** 0 takes any that is free; null takes the first free one from 4400. */
  readonly port: number | null;
  readonly open: boolean;
  readonly help: boolean;
}

const OPTIONS = {
  dataset: WORKER_OPTIONS.dataset,
  host: {
    type: 'string',
    default: LOOPBACK,
    argument: 'ADDRESS',
    description: `where to listen (default ${LOOPBACK}: this machine alone; elsewhere a token is asked for)`,
  },
  port: { type: 'string', argument: 'N', description: `the port (default: the first free one from ${PORT})` },
  'no-open': { type: 'boolean', default: false, description: 'do not open a browser' },
  verbose: WORKER_OPTIONS.verbose,
  help: WORKER_OPTIONS.help,
} satisfies Record<
  string,
  NonNullable<ParseArgsConfig['options']>[string] & { description: string; argument?: string }
>;

/** The text of `--help`. */
export const HELP = [
  'Opens a local web page on every artifact of a dataset. It changes nothing.',
  '',
  'Options:',
  ...Object.entries<{ description: string; argument?: string }>(OPTIONS).map(
    ([name, { argument = '', description }]) => `  ${`--${name} ${argument}`.padEnd(20)} ${description}`,
  ),
].join('\n');

/**
 * Takes a command line apart.
 * @throws AtelierError USAGE naming the nearest known option
 */
export function parseInspectArgs(args: readonly string[]): InspectOptions {
  const known = Object.keys(OPTIONS).map((name) => `--${name}`);
  for (const arg of args.filter((each) => /^--./.test(each))) {
    const name = arg.split('=')[0] as string;
    if (!known.includes(name)) throw unknownName(name, { noun: 'option', known });
  }
  const values = parse(args);
  const port = values.port === undefined ? null : Number(values.port);
  if (port !== null && !(Number.isInteger(port) && port >= 0 && port < 65536)) {
    throw usageError(
      `--port is ${values.port}`,
      'Give a whole number up to 65535; 0 takes any that is free.',
    );
  }
  const { dataset, host, help } = values;
  return { dataset, host, port, open: !values['no-open'], help };
}

/** The ports to try, in order. */
export const portsToTry = (port: number | null): readonly number[] =>
  port === null ? [...Array.from({ length: 10 }, (_, i) => PORT + i), 0] : [port];

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true }).values;
  } catch (error) {
    throw usageError(messageOf(error), '--help lists the options.');
  }
}
