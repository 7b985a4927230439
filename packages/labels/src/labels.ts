import { sha256, type Manifest, type ManifestOutput } from '@atelier/artifacts';
import { AtelierError, canonicalJson, classTable, printable, type DatasetConfig } from '@atelier/core';
import type { Outcome, PlannedItem, Stage } from '@atelier/stage';
import { classWarnings } from './class-warnings.js';
import { writeLabelFile, type LabelTable } from './label-files.js';

type Config = { labels: Pick<DatasetConfig['labels'], 'encodings'>; classes: string[] | null };

/** One row of labels.csv and of every label array. */
export interface LabelRow {
  /** The sourceId. */
  readonly path: string;
  readonly className: string;
  readonly classIndex: number;
}

/** The id of the item that holds the files; no sourceId begins with a "/". */
const FILES = '/files';

/**
 * Stage 3. The class table (once, for every later stage and every model) and the label of each picture that
 * could be decoded: classes.json, labels.csv, labels.arrow and the label arrays, rows in the order of labels.csv.
 */
export const labels: Stage<Config> = {
  name: 'labels',
  version: 1,
  noun: 'item',
  inputs: ['ingest', 'resize'],

  config: ({ labels: { encodings }, classes }) => ({ labels: { encodings }, classes }),

  async plan({ upstream, config, previous }) {
    const { ingest, resize } = upstream as { ingest: Manifest; resize: Manifest };
    const names = ingest.header['classNames'] as string[];
    const classes = classTable(names, config.classes);
    const rows = labelRows(resize, classes);
    const before = previous?.header['classes'] as string[] | undefined;
    return {
      items: [...rows.map(rowItem), filesItem(rows, { classes, encodings: config.labels.encodings })],
      header: { classes: [...classes] },
      warnings: classWarnings({ classes, before, names, rows, sources: [...ingest.items.values()] }),
    };
  },

  async process(items, { stagedPath }) {
    const outcomes: Outcome[] = [];
    for (const { outputs: paths, work } of items) {
      const outputs: ManifestOutput[] = [];
      for (const path of paths) {
        outputs.push({ path, ...(await writeLabelFile(await stagedPath(path), work as LabelTable)) });
      }
      outcomes.push({ outputs });
    }
    return outcomes;
  },
};

/** The rows in the manifest's order: by code point of the sourceId. */
function labelRows(resize: Manifest, classes: readonly string[]): LabelRow[] {
  const indices = new Map(classes.map((name, i) => [name, i]));
  const usable = [...resize.items.values()].filter((item) => item.quarantine === undefined);
  return usable.map((item) => {
    const className = item.params?.['className'] as string;
    const classIndex = indices.get(className);
    if (classIndex !== undefined) return { path: item.id, className, classIndex };
    throw new AtelierError({
      code: 'INPUT_CHANGED',
      action: 'label the picture',
      path: item.id,
      problem: `the stage ingest no longer knows its class "${printable(className)}"`,
      hint: 'Run all stages in their order with "npx atelier preprocess".',
    });
  });
}

function rowItem({ path, className, classIndex }: LabelRow): PlannedItem {
  return {
    id: path,
    inputs: {},
    settings: null,
    params: { className, classIndex },
    outputs: [],
    group: 'all',
  };
}

function filesItem(
  rows: readonly LabelRow[],
  { classes, encodings }: { classes: readonly string[]; encodings: Config['labels']['encodings'] },
): PlannedItem {
  const arrays = [...new Set(encodings)].map((encoding) => `labels/${encoding}.npy`);
  return {
    id: FILES,
    inputs: { rows: sha256(canonicalJson(rows.map(({ path, classIndex }) => [path, classIndex]))) },
    settings: null,
    params: { classes: [...classes] },
    outputs: ['labels/classes.json', 'labels/labels.csv', 'labels/labels.arrow', ...arrays],
    group: 'all',
    work: { rows, classes } satisfies LabelTable,
  };
}
