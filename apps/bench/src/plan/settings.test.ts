import type { AtelierError } from '@atelier/core';
import { helpText, parseCommandLine } from './settings.js';
import { TASKS } from './tasks.js';

const refusal = (...args: string[]): AtelierError => {
  try {
    parseCommandLine(args);
  } catch (error) {
    return error as AtelierError;
  }
  throw new Error('it was accepted');
};

describe('parseCommandLine', () => {
  it('measures everything at the size of the seed by default', () => {
    const { settings, out, json } = parseCommandLine([]);
    expect(settings.tasks).toEqual(TASKS);
    expect(settings).toMatchObject({ size: 300, batchSize: 32, classes: 49, xla: null });
    expect([out, json]).toEqual([null, false]);
  });

  it('takes tasks in their own order and sizes as they are given', () => {
    const { settings, out } = parseCommandLine(
      '--only epoch,train --size 64 --batch=4 --classes 5 --pictures 20 --xla off --out docs'.split(' '),
    );
    expect(settings.tasks.map(({ name }) => name)).toEqual(['train', 'epoch']);
    expect(settings).toMatchObject({ size: 64, batchSize: 4, classes: 5, pictures: 20, xla: false });
    expect(out).toBe('docs');
  });

  it.each([
    [['--stpes', '3'], /--stpes. Did you mean --steps/],
    [['--only', 'train,epohc'], /no task epohc. Did you mean epoch/],
    [['--steps', '0'], /--steps is 0/],
    [['--rounds', 'many'], /--rounds is many/],
    [['--xla', 'yes'], /--xla is yes/],
    [['--pictures', '33'], /multiple of the batch \(32\)/],
    [['--pictures', '32'], /each of the 49 classes/],
    [['--sizes', '1000,some'], /--sizes is 1000,some/],
    [['--sizes', '50'], /--sizes is 50/],
    [['--rerun-pictures', '5'], /--rerun-pictures is 5/],
    [['train'], /'train'/],
  ])('refuses %j', (args, message) => {
    const error = refusal(...args);
    expect(error.exitCode).toBe(2);
    expect(error.message).toMatch(message);
  });

  it('measures preprocessing only where it is asked for, and then that alone', () => {
    expect(parseCommandLine([]).measures).toEqual([]);
    const { settings, measures, sizes } = parseCommandLine(
      '--only rerun,scale --sizes 1000,10500x5'.split(' '),
    );
    expect(settings.tasks).toEqual([]);
    expect(measures).toEqual(['scale', 'rerun']);
    expect(sizes).toEqual([
      { pictures: 1000, imagesPerSource: 1 },
      { pictures: 10_500, imagesPerSource: 5 },
    ]);
  });

  it('explains each of its options', () => {
    expect(helpText()).toMatch(/--evaluate-batches N +batches of one evaluation \(default 10\)/);
  });
});
