import { join } from 'node:path';
import { printable, STAGES } from '@atelier/core';
import { shellWord } from '../shell-word.js';
import { shownPath } from '../shown-path.js';

/**
 * What to say when the main job is done: where its results lie, and how to go on.
 * @param root the dataset, absolute
 */
export function whereToLook(root: string): string[] {
  const shown = (name: string) => printable(shownPath(join(root, name)));
  const places = [
    [shown(STAGES.resize), 'every picture at one size'],
    [shown(STAGES.augment), 'the training pictures and their random variants'],
    [shown(STAGES.normalize), 'the tensors that training reads, in Arrow shards'],
    [shown(join('models', 'latest')), 'the model with its metrics and predictions'],
  ] as const;
  const width = Math.max(...places.map(([path]) => path.length));
  return [
    '',
    'Where to look:',
    ...places.map(([path, what]) => `  ${path.padEnd(width)}  ${what}`),
    'Change a setting in dataset.json and run it again, or look first at what would run:',
    `  npx atelier status --dataset ${shellWord(shownPath(root))}`,
    'Your own pictures, one sub-folder per class:',
    '  npx atelier init datasets/mine --images PATH',
    '  npx atelier start --dataset datasets/mine',
  ];
}
