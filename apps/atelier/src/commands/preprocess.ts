import { runStages, WORKER_OPTIONS, workerOptions } from '@atelier/stage';
import type { Options } from 'yargs';
import { defineCommand, printJson, SHARED_OPTIONS, textOption } from '../command.js';
import { loadStages, PIPELINE } from '@atelier/pipeline';

const flag = (name: 'dry-run' | 'explain' | 'verify' | 'resplit') =>
  ({ type: 'boolean', default: false, describe: WORKER_OPTIONS[name].description }) as const;

/** `atelier preprocess [stages..]`: what `nx run-many -t preprocess` does, in one process. */
export const preprocess = defineCommand({
  name: 'preprocess',
  takes: '[stages..]',
  description: 'bring the stages up to date: all, or the named ones',
  positionals: {
    stages: { type: 'string', array: true, describe: `out of ${PIPELINE.join(', ')}` },
  },
  options: {
    dataset: SHARED_OPTIONS.dataset,
    set: SHARED_OPTIONS.set,
    'dry-run': flag('dry-run'),
    explain: flag('explain'),
    verify: flag('verify'),
    resplit: flag('resplit'),
    concurrency: textOption(WORKER_OPTIONS.concurrency.description),
    json: SHARED_OPTIONS.json,
  } satisfies Record<string, Options>,
  async run(values) {
    const { stages: names = [], concurrency, ...others } = values;
    const given = { ...others, ...(concurrency !== undefined && { concurrency }) };
    const options = workerOptions({ ...given, verbose: false, help: false }, []);
    const summaries = await runStages(await loadStages(names), options);
    if (options.json) printJson(summaries);
  },
});
