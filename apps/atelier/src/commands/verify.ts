import { AtelierError, printable } from '@atelier/core';
import {
  openDataset,
  resolveDataset,
  runStages,
  stderrReporter,
  verifyDataset,
  workerOptions,
  type Stage,
  type Verification,
} from '@atelier/stage';
import { defineCommand, printJson, printLines, SHARED_OPTIONS } from '../command.js';
import { loadPublish, loadStages } from '@atelier/pipeline';
import { plainTable } from '../plain-table.js';

/** `atelier verify`: digests every artifact anew; `--repair` makes what is damaged again. */
export const verify = defineCommand({
  name: 'verify',
  description: 'digest every artifact anew and compare it with the manifests',
  options: {
    dataset: SHARED_OPTIONS.dataset,
    set: SHARED_OPTIONS.set,
    repair: { type: 'boolean', default: false, describe: 'make what is damaged or missing again' },
    json: SHARED_OPTIONS.json,
  },
  async run({ dataset: folder, set, repair, json }) {
    const dataset = await openDataset(resolveDataset(folder), set);
    const found = await verifyDataset(dataset, stderrReporter());
    const again = { ...NO_OPTIONS, dataset: folder, set, json, verify: true };
    const summaries =
      repair && found.damage.length > 0
        ? await runStages(await damagedStages(found), workerOptions(again, []))
        : [];
    if (json) printJson({ ...found, repaired: summaries });
    else printLines(await verificationLines(found));
    if (found.damage.length > 0 && !repair) throw damaged(found, dataset.root);
  },
});

/** All stages, and what is made on request where that is damaged. */
async function damagedStages({ damage }: Verification): Promise<Stage[]> {
  const stages = await loadStages();
  return damage.some(({ stage }) => stage === 'publish') ? [...stages, await loadPublish()] : stages;
}

const NO_OPTIONS = { 'dry-run': false, explain: false, resplit: false, verbose: false, help: false };

async function verificationLines({
  files,
  sizeBytes,
  damage,
  unknown,
  notRun,
}: Verification): Promise<string[]> {
  const rows = damage.map(({ stage, path, problem }) => [stage, printable(path), printable(problem)]);
  return [
    ...(rows.length > 0 ? [await plainTable(['stage', 'file', 'problem'], rows)] : []),
    `${files} files, ${(sizeBytes / 1e6).toFixed(1)} MB: ${damage.length === 0 ? 'all as the manifests say' : `${damage.length} damaged`}`,
    ...(notRun.length > 0 ? [`not run yet: ${notRun.join(', ')}`] : []),
    ...(unknown.length > 0
      ? [
          `${unknown.length} files that no manifest names, left alone: ${unknown.slice(0, 5).map(printable).join(', ')}`,
        ]
      : []),
  ];
}

function damaged({ damage }: Verification, root: string): AtelierError {
  return new AtelierError({
    code: 'ARTIFACT_DAMAGED',
    action: 'vouch for the dataset',
    path: root,
    problem: `${damage.length} of its files are not what the manifests say`,
    hint: 'Run "npx atelier verify --repair": it makes them again.',
  });
}
