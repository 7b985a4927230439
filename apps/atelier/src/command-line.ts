import { readFileSync } from 'node:fs';
import { printable, type AtelierError } from '@atelier/core';
import { unknownName, usageError, WORKER_OPTIONS } from '@atelier/stage';
import yargs, { type Argv } from 'yargs';
import type { Command, ParsedCommand } from './command.js';
import { check } from './commands/check.js';
import { doctor } from './commands/doctor.js';
import { init } from './commands/init.js';
import { bench, evaluate, exportModel, inspect, predict, train } from './commands/training.js';
import { publish } from './commands/publish.js';
import { preprocess } from './commands/preprocess.js';
import { schema } from './commands/schema.js';
import { start } from './commands/start.js';
import { status } from './commands/status.js';
import { trace } from './commands/trace.js';
import { verify } from './commands/verify.js';

/** Every command, in the order in which a person needs them. */
export const COMMANDS: readonly Command[] = [
  start,
  init,
  preprocess,
  status,
  trace,
  check,
  verify,
  train,
  evaluate,
  predict,
  inspect,
  publish,
  exportModel,
  doctor,
  bench,
  schema,
];

const GLOBAL_OPTIONS = ['verbose', 'help', 'version'] as const;

/** Options that take a value and may stand before the command. */
const VALUED = ['--dataset', '--set'];

/** The whole program: finds the command and runs it. @throws AtelierError */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  const run = await parseCommand(args);
  await run?.();
}

/**
 * Finds the command of a command line and checks its options; runs nothing.
 * @returns what runs the command; undefined where --help or --version was all that was asked for, and printed
 * @throws AtelierError USAGE naming the nearest command or option
 */
export async function parseCommand(args: readonly string[]): Promise<(() => Promise<void>) | undefined> {
  const at = commandAt(args);
  const command = COMMANDS.find(({ name }) => name === args[at]);
  if (command !== undefined && 'runRaw' in command) {
    return () => command.runRaw([...args.slice(0, at), ...args.slice(at + 1)]);
  }
  return parseWithYargs(args);
}

/** Where the command stands: the first word that is neither an option nor the value of one. */
function commandAt(args: readonly string[]): number {
  let at = 0;
  while (args[at]?.startsWith('-') === true) at += VALUED.includes(args[at] as string) ? 2 : 1;
  return at;
}

async function parseWithYargs(args: readonly string[]): Promise<(() => Promise<void>) | undefined> {
  let chosen: (() => Promise<void>) | undefined;
  let parser: Argv = yargs([...args])
    .scriptName('atelier')
    .locale('en')
    .usage('$0 <command> [options]')
    .parserConfiguration({
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'dot-notation': false,
    })
    .option('verbose', { type: 'boolean', default: false, describe: WORKER_OPTIONS.verbose.description })
    .help('help', WORKER_OPTIONS.help.description)
    .alias('help', 'h')
    .version('version', 'the version of this program', version())
    .strict()
    .demandCommand(1, 'no command is given')
    .exitProcess(false)
    .fail((message, error) => {
      throw error && error.name !== 'YError' ? error : failure(args, message || error.message);
    })
    .wrap(Math.min(110, process.stdout.columns || 110))
    .epilogue('atelier <command> --help explains a command.');
  for (const command of COMMANDS) {
    parser = parser.command(
      `${command.name} ${command.takes ?? ''}`.trim(),
      command.description,
      (builder) => ('options' in command ? withOptions(builder, command) : builder),
      (values) => {
        if ('run' in command) chosen = () => command.run(values as never);
      },
    );
  }
  await parser.parseAsync();
  return chosen;
}

function withOptions(builder: Argv, { positionals = {}, options }: ParsedCommand): Argv {
  for (const [name, positional] of Object.entries(positionals)) builder.positional(name, positional);
  return builder.options(options);
}

/** What is wrong with a command line that yargs refused: an unknown command, an unknown option, or what it says. */
function failure(args: readonly string[], message: string): AtelierError {
  const names = COMMANDS.map(({ name }) => name);
  const word = args[commandAt(args)];
  const command = COMMANDS.find(({ name }) => name === word);
  if (command === undefined && word !== undefined) {
    return unknownName(printable(word), { noun: 'command', known: names });
  }
  const options = command !== undefined && 'options' in command ? Object.keys(command.options) : [];
  const known = [...options, ...GLOBAL_OPTIONS].map((name) => `--${name}`);
  const given = args.filter((arg) => /^--?[^-]/.test(arg)).map((arg) => arg.split('=')[0] as string);
  const unknown = given.find((name) => !known.includes(name.replace(/^--no-/, '--')));
  if (command !== undefined && unknown !== undefined) {
    return unknownName(printable(unknown), { noun: `option of ${command.name}`, known });
  }
  const hint =
    command === undefined
      ? `There are: ${names.join(', ')}. "atelier --help" explains them.`
      : `"atelier ${command.name} --help" explains it.`;
  return usageError(
    message.replace(/^./, (first) => first.toLowerCase()),
    hint,
  );
}

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
