import { PUBLISH_FORMATS } from '@atelier/core';
import { loadPublish } from '@atelier/pipeline';
import { runStages, usageError, WORKER_OPTIONS, workerOptions } from '@atelier/stage';
import type { Options } from 'yargs';
import { defineCommand, printJson, SHARED_OPTIONS, textOption } from '../command.js';

const flag = (name: 'dry-run' | 'explain' | 'verify') =>
  ({ type: 'boolean', default: false, describe: WORKER_OPTIONS[name].description }) as const;

/** `atelier publish`: the dataset in the formats that others open, brought up to date below published/. */
export const publish = defineCommand({
  name: 'publish',
  description: 'write the dataset in the formats that others open: Hugging Face, WebDataset, TFRecord …',
  options: {
    dataset: SHARED_OPTIONS.dataset,
    format: {
      ...textOption(
        `these formats alone, separated by commas, instead of publish.formats: ${PUBLISH_FORMATS.join(', ')}`,
      ),
    },
    set: SHARED_OPTIONS.set,
    'dry-run': flag('dry-run'),
    explain: flag('explain'),
    verify: flag('verify'),
    concurrency: textOption(WORKER_OPTIONS.concurrency.description),
    json: SHARED_OPTIONS.json,
  } satisfies Record<string, Options>,
  async run({ format, set, concurrency, ...others }) {
    const asked = format === undefined ? [] : [`publish.formats=${JSON.stringify(formatsOf(format))}`];
    const values = { ...others, set: [...set, ...asked], ...(concurrency !== undefined && { concurrency }) };
    const options = workerOptions({ ...values, resplit: false, verbose: false, help: false }, []);
    const summaries = await runStages([await loadPublish()], options);
    if (options.json) printJson(summaries);
  },
});

/** The formats that are named. @throws AtelierError USAGE naming the one that is none */
function formatsOf(text: string): string[] {
  const formats = text.split(',').map((name) => name.trim());
  const unknown = formats.find((name) => !(PUBLISH_FORMATS as readonly string[]).includes(name));
  if (unknown === undefined) return formats;
  throw usageError(`"${unknown}" is no format`, `There are: ${PUBLISH_FORMATS.join(', ')}.`);
}
