#!/usr/bin/env node
/** `node packages/graph/dist/native/main.js [--force]`: installs native TensorFlow, a line per step on stderr. */
import { messageOf } from '@atelier/core';

import { ensureNative } from './ensure-native.js';

const print = (line: string): void => void process.stderr.write(`${line}\n`);

try {
  await ensureNative({ report: print, force: process.argv.includes('--force') });
} catch (error) {
  print(messageOf(error));
  process.exitCode = 1;
}
