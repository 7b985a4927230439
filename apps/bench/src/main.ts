#!/usr/bin/env node
/** `node apps/bench/dist/main.js [--only LIST] [--steps N] [--out DIR]`: tables on stdout, what goes on on stderr. */
import path from 'node:path';
import { runProgram, startFolder } from '@atelier/stage';
import { helpText, parseCommandLine } from './plan/settings.js';
import { consoleReport } from './report/console-report.js';
import { writeResults } from './report/write-results.js';
import { cacheFolder, runBench } from './run-bench.js';

await runProgram(async (args) => {
  const { settings, out, json, help } = parseCommandLine(args);
  if (help) {
    process.stdout.write(`${helpText()}\n`);
    return;
  }
  const report = (line: string) => void process.stderr.write(`${line}\n`);
  const results = await runBench(settings, report);
  const folder = out === null ? path.join(cacheFolder, 'results') : path.resolve(startFolder(), out);
  const files = await writeResults(folder, results);
  process.stdout.write(json ? `${JSON.stringify(results)}\n` : consoleReport(results));
  for (const file of files) report(`wrote ${file}`);
});
