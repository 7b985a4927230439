import { join, resolve } from 'node:path';
import { printable, type DatasetConfig } from '@atelier/core';
import { startFolder, stderrReporter, usageError } from '@atelier/stage';
import { defineCommand, printLines, textOption } from '../command.js';
import { createDataset } from '../init/create-dataset.js';
import { findPictures, type FoundPictures } from '../init/find-pictures.js';
import { shellWord } from '../shell-word.js';
import { shownPath } from '../shown-path.js';

/** `atelier init DIR --images PATH [--labels CSV]`: a dataset out of a folder of pictures. */
export const init = defineCommand({
  name: 'init',
  takes: '<dir>',
  description:
    'make a dataset out of a folder of pictures, with one sub-folder per class or a table of labels',
  positionals: { dir: { type: 'string', demandOption: true, describe: 'the new folder of the dataset' } },
  options: {
    images: { ...textOption('the folder of pictures'), demandOption: true },
    labels: textOption('a table (CSV or TSV) that names the class of each picture'),
    'path-column': textOption("the table's column of paths, below the folder of pictures"),
    'label-column': textOption("the table's column of class names"),
    'split-column': textOption("the table's column of splits, where these are given"),
    layout: {
      ...textOption('what the sub-folders are; found out where it is not said'),
      choices: ['class', 'split/class', 'imagefolder', 'parquet', 'webdataset'] as const,
    },
    copy: {
      type: 'boolean',
      default: false,
      describe: 'copy the pictures and the table into the dataset instead of referring to them',
    },
  },
  async run({ dir, images: folder, labels, copy, ...named }) {
    const [root, images] = [resolve(startFolder(), dir), resolve(startFolder(), folder)];
    const table = labels === undefined ? undefined : resolve(startFolder(), labels);
    refuseUnheeded(named, table);
    const columns = {
      ...(named['path-column'] !== undefined && { path: named['path-column'] }),
      ...(named['label-column'] !== undefined && { label: named['label-column'] }),
      ...(named['split-column'] !== undefined && { split: named['split-column'] }),
    };
    const found = await findPictures({
      images,
      ...(table !== undefined && { table: { path: table, columns } }),
      ...(named.layout !== undefined && { layout: named.layout as DatasetConfig['layout'] }),
    });
    if (copy && table === undefined && found.layout !== 'class' && found.layout !== 'split/class') {
      throw usageError(
        `--copy does not copy pictures of the layout ${found.layout}`,
        'Leave it out, or copy them yourself.',
      );
    }
    const target = { root, images, table, copy };
    await createDataset(target, found);
    const reporter = stderrReporter();
    for (const warning of found.warnings) reporter.warn(printable(warning));
    printLines([
      ...foundLines(found),
      `made ${printable(shownPath(join(target.root, 'dataset.json')))}`,
      `next: ${nextCommand(target.root)}`,
    ]);
  },
});

/** An option that would have no effect is a misunderstanding. */
function refuseUnheeded(named: Readonly<Record<string, unknown>>, table: string | undefined): void {
  const given = Object.keys(named).filter((name) => /-column$/.test(name) && named[name] !== undefined);
  if (table === undefined && given.length > 0) {
    throw usageError(`--${given[0]} is of no use without a table`, 'Name the table with --labels.');
  }
  if (table !== undefined && named['layout'] !== undefined) {
    throw usageError(
      '--layout is of no use with --labels: the folders name nothing',
      'Leave one of them out; --split-column names a column of splits.',
    );
  }
}

/** What was found, a line per class. */
export function foundLines(found: Pick<FoundPictures, 'classes' | 'files' | 'layout' | 'columns'>): string[] {
  const { classes, files, layout, columns } = found;
  const width = Math.max(...classes.map(({ name }) => printable(name).length));
  return [
    `found ${files} pictures in ${classes.length} classes:`,
    ...classes.map(({ name, files }) => `  ${printable(name).padEnd(width)}  ${files}`),
    ...(layout === 'split/class'
      ? ['the folders are splits with the classes in them, and are kept: layout split/class']
      : layout === 'class'
        ? []
        : [`read as layout ${layout}`]),
    ...(columns === undefined ? [] : [printable(columnsLine(columns))]),
  ];
}

function columnsLine({ path, label, split }: NonNullable<FoundPictures['columns']>): string {
  const splits = split === null ? '' : `, the split in "${split}"`;
  return `the table has the path in the column "${path}", the class in "${label}"${splits}`;
}

function nextCommand(root: string): string {
  return `npx atelier preprocess --dataset ${shellWord(shownPath(root))}`;
}
