import { join, resolve } from 'node:path';
import { printable } from '@atelier/core';
import { startFolder, stderrReporter } from '@atelier/stage';
import { defineCommand, printLines, textOption } from '../command.js';
import { createDataset } from '../init/create-dataset.js';
import { findPictures, type FoundPictures } from '../init/find-pictures.js';
import { shellWord } from '../shell-word.js';
import { shownPath } from '../shown-path.js';

/** `atelier init DIR --images PATH`: a dataset out of a folder of pictures. */
export const init = defineCommand({
  name: 'init',
  takes: '<dir>',
  description: 'make a dataset out of a folder of pictures, one sub-folder per class',
  positionals: { dir: { type: 'string', demandOption: true, describe: 'the new folder of the dataset' } },
  options: {
    images: { ...textOption('the folder of pictures'), demandOption: true },
    copy: {
      type: 'boolean',
      default: false,
      describe: 'copy the pictures into the dataset instead of referring to them',
    },
  },
  async run({ dir, images, copy }) {
    const target = { root: resolve(startFolder(), dir), images: resolve(startFolder(), images), copy };
    const found = await findPictures(target.images);
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

/** What was found, a line per class. */
export function foundLines({ classes, files }: Pick<FoundPictures, 'classes' | 'files'>): string[] {
  const width = Math.max(...classes.map(({ name }) => printable(name).length));
  return [
    `found ${files} pictures in ${classes.length} classes:`,
    ...classes.map(({ name, files }) => `  ${printable(name).padEnd(width)}  ${files}`),
  ];
}

function nextCommand(root: string): string {
  return `npx atelier preprocess --dataset ${shellWord(shownPath(root))}`;
}
