import {
  datasetStatus,
  lastManifest,
  loadPublish,
  loadStages,
  quarantinedFiles,
  type StageStatus,
} from '@atelier/pipeline';
import { openDataset, resolveDataset, stderrReporter, type Stage } from '@atelier/stage';
import { printable } from '@atelier/core';
import { defineCommand, printJson, printLines, SHARED_OPTIONS } from '../command.js';
import { shellWord } from '../shell-word.js';
import { shownPath } from '../shown-path.js';
import { quarantineTable, statusTable } from '../status/status-table.js';

/** `atelier status`: what is fresh, what is stale and why; changes nothing. */
export const status = defineCommand({
  name: 'status',
  description: 'say what is fresh, what is stale and why; changes nothing',
  options: {
    dataset: SHARED_OPTIONS.dataset,
    set: SHARED_OPTIONS.set,
    quarantine: {
      type: 'boolean',
      default: false,
      describe: 'list the files that could not be used, with reason and remedy',
    },
    json: SHARED_OPTIONS.json,
  },
  async run({ dataset: folder, set, quarantine, json }) {
    const dataset = await openDataset(resolveDataset(folder), set);
    if (quarantine) return showQuarantine(dataset.root, json);
    const found = await datasetStatus(dataset, await stagesOf(dataset.root));
    if (found.some(({ state }) => state === 'unknown')) process.exitCode = 1;
    if (json) return printJson(found);
    const reporter = stderrReporter();
    for (const { stage, warnings } of found) {
      for (const warning of warnings) reporter.warn(printable(`${stage}: ${warning}`));
    }
    printLines([await statusTable(found), ...nextSteps(found, dataset.root)]);
  },
});

/** The stages, and what is made on request where it was. */
async function stagesOf(root: string): Promise<Stage[]> {
  const stages = await loadStages();
  return (await lastManifest(root, 'publish')) === undefined ? stages : [...stages, await loadPublish()];
}

async function showQuarantine(root: string, json: boolean): Promise<void> {
  const files = await quarantinedFiles(root);
  if (json) printJson(files);
  else printLines([await quarantineTable(files, process.stdout.columns)]);
}

function nextSteps(found: readonly StageStatus[], root: string): string[] {
  const behind = found.some(({ state }) => state !== 'fresh' && state !== 'unknown');
  const inQuarantine = found.some(({ quarantined }) => (quarantined ?? 0) > 0);
  const dataset = `--dataset ${shellWord(shownPath(root))}`;
  return [
    ...(behind ? [`To bring it up to date: npx atelier preprocess ${dataset}`] : []),
    ...(inQuarantine ? [`What is in quarantine: npx atelier status --quarantine ${dataset}`] : []),
  ];
}
