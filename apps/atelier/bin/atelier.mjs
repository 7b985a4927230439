#!/usr/bin/env node
// What `npx atelier` starts. It stands here, and not in dist/, so that npm can link it before anything is built.
import { existsSync } from 'node:fs';

const program = new URL('../dist/main.js', import.meta.url);
if (existsSync(program)) {
  await import(program.href);
} else {
  process.stderr.write(
    'error: Cannot start atelier: it has not been built. Run "npm run build" in its folder first.\n',
  );
  process.exitCode = 1;
}
