#!/usr/bin/env node
/** `node apps/inspector/dist/main.js …`: the inspector's program. */
import { runProgram } from '@atelier/stage';
import { HELP, parseInspectArgs } from './command/arguments.js';

await runProgram(async (args) => {
  const options = parseInspectArgs(args);
  if (options.help) {
    process.stdout.write(`${HELP}\n`);
    return;
  }
  const { inspect } = await import('./command/inspect.js');
  await inspect(options);
});
