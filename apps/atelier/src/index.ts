/** The command line: one entry over everything. Each command is a thin layer over a package's functions. */
export { COMMANDS, parseCommand, runCommandLine } from './command-line.js';
export type { Command } from './command.js';
