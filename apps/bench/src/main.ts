#!/usr/bin/env node
/** `node apps/bench/dist/main.js [--only LIST] [--steps N] [--out DIR]`: tables on stdout, what goes on on stderr. */
import path from 'node:path';
import { runProgram, startFolder } from '@atelier/stage';
import { helpText, parseCommandLine } from './plan/settings.js';
import { runRerun } from './pipeline/rerun.js';
import { runScale } from './pipeline/scale.js';
import { consoleReport } from './report/console-report.js';
import { reportText, writeReport } from './report/report.js';
import { rerunReport } from './report/rerun-report.js';
import { scaleReport } from './report/scale-report.js';
import { writeResults } from './report/write-results.js';
import { cacheFolder, runBench } from './run-bench.js';

await runProgram(async (args) => {
  const { settings, measures, sizes, resume, rerunPictures, out, json, help } = parseCommandLine(args);
  if (help) {
    process.stdout.write(`${helpText()}\n`);
    return;
  }
  const report = (line: string) => void process.stderr.write(`${line}\n`);
  const folder = out === null ? path.join(cacheFolder, 'results') : path.resolve(startFolder(), out);
  if (settings.tasks.length > 0) {
    const results = await runBench(settings, report);
    const files = await writeResults(folder, results);
    process.stdout.write(json ? `${JSON.stringify(results)}\n` : consoleReport(results));
    for (const file of files) report(`wrote ${file}`);
  }
  const place = { folder: cacheFolder, report };
  const measure = {
    scale: async () => scaleReport(await runScale(sizes, { ...place, resume, repeats: 3 })),
    rerun: async () => rerunReport(await runRerun(rerunPictures, place)),
  };
  for (const name of measures) {
    const found = await measure[name]();
    const files = await writeReport(folder, found);
    process.stdout.write(json ? `${JSON.stringify(found.data)}\n` : reportText(found));
    for (const file of files) report(`wrote ${file}`);
  }
});
