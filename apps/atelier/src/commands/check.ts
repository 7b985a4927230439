import { AtelierError } from '@atelier/core';
import { checkDataset, type DatasetCheck } from '@atelier/pipeline';
import { openDataset, resolveDataset, stderrReporter, usageError } from '@atelier/stage';
import { checkLines } from '../check/check-lines.js';
import { defineCommand, printJson, printLines, SHARED_OPTIONS, textOption } from '../command.js';

/** `atelier check`: duplicates, conflicting labels, twins of class names, odd pictures; changes nothing. */
export const check = defineCommand({
  name: 'check',
  description: 'say what spoils the dataset: duplicates, conflicting labels, odd pictures; changes nothing',
  options: {
    dataset: SHARED_OPTIONS.dataset,
    set: SHARED_OPTIONS.set,
    limit: { ...textOption('as many findings of a kind as are named'), default: '10' },
    strict: {
      type: 'boolean',
      default: false,
      describe: 'end with 1 where one picture has several labels or is in several splits',
    },
    json: SHARED_OPTIONS.json,
  },
  async run({ dataset: folder, set, limit, strict, json }) {
    const lines = Number(limit);
    if (!Number.isInteger(lines) || lines < 0) {
      throw usageError(`--limit is ${limit}`, 'Give a whole number.');
    }
    const dataset = await openDataset(resolveDataset(folder), set);
    const found = await checkDataset(dataset);
    if (found.stale.length > 0) {
      const stages = found.stale.join(', ');
      stderrReporter().warn(
        `not up to date: ${stages}; this is what the last runs found (npx atelier preprocess)`,
      );
    }
    if (json) printJson(found);
    else printLines(checkLines(found, { limit: lines }));
    if (strict) refuseErrors(found, dataset.root);
  },
});

/** @throws AtelierError INPUT_INVALID where there is an error among the findings */
function refuseErrors({ sections }: DatasetCheck, root: string): void {
  const errors = sections.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return;
  throw new AtelierError({
    code: 'INPUT_INVALID',
    action: 'let the dataset pass',
    path: root,
    problem: errors.map(({ title, findings }) => `${title} (${findings.length})`).join('; '),
    hint: 'Mend what is named above.',
  });
}
