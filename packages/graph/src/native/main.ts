#!/usr/bin/env node
/**
 * `node packages/graph/dist/native/main.js [--force]` installs native TensorFlow: a line per step on stderr, what there
 * is on stdout, exit code 1 where it cannot be had.
 */
import { messageOf } from '@atelier/core';

import { ensureNative } from './ensure-native.js';

const print = (line: string): void => void process.stderr.write(`${line}\n`);

try {
  const state = await ensureNative({ report: print, force: process.argv.includes('--force') });
  process.stdout.write(`TensorFlow ${state.tensorflowVersion} (${state.kind}): ${state.addonPath}\n`);
} catch (error) {
  print(messageOf(error));
  process.exitCode = 1;
}
