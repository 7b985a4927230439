#!/usr/bin/env node
/** `node apps/trainer/dist/main.js [train | evaluate | predict | export] …`: the trainer's program. */
import { runProgram } from '@atelier/stage';
import { helpText, parseCommandLine } from './command/arguments.js';

await runProgram(async (args) => {
  const line = parseCommandLine(args);
  if (line.help) {
    process.stdout.write(`${helpText(line.command)}\n`);
    return;
  }
  // loaded when it runs: TensorFlow takes its time
  switch (line.command) {
    case 'train':
      return (await import('./command/train.js')).train(line);
    case 'evaluate':
      return (await import('./command/evaluate.js')).evaluate(line);
    case 'predict':
      return (await import('./command/predict.js')).predict(line);
    case 'export':
      return (await import('./command/export.js')).exportRun(line);
  }
});
