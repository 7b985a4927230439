import type { StageStatus } from './stage-status.js';
import { whyLines } from './why-lines.js';

const status = (fields: Partial<StageStatus>): StageStatus => ({
  stage: 'resize',
  folder: 'resized_images',
  state: 'stale',
  items: 3,
  quarantined: 0,
  waitsFor: [],
  next: { done: 0, resumed: 0, kept: 3, removed: 0, completed: false, reasons: [] },
  noun: 'picture',
  warnings: [],
  problem: null,
  ...fields,
});

const next = (fields: Partial<NonNullable<StageStatus['next']>>) => ({
  done: 0,
  resumed: 0,
  kept: 0,
  removed: 0,
  completed: false,
  reasons: [],
  ...fields,
});

describe('whyLines', () => {
  it.each([
    [status({ state: 'fresh' }), []],
    [status({ state: 'waits', waitsFor: ['ingest'] }), ['after ingest']],
    [status({ state: 'never run', next: next({ done: 1 }) }), ['1 picture to make']],
    [
      status({ state: 'never run', next: next({ done: 2, resumed: 5 }) }),
      ['2 pictures to make', '5 finished by an interrupted run'],
    ],
    [status({ state: 'never run', next: null, waitsFor: ['ingest'] }), ['after ingest']],
    [
      status({ next: next({ completed: true }) }),
      ['a commit that was cut off, which the next run completes'],
    ],
    [status({ state: 'unknown', next: null, problem: 'Cannot look.' }), ['Cannot look.']],
    [
      status({
        next: next({ removed: 2, reasons: [{ reason: 'new', count: 2, examples: ['a/x', 'a/y'] }] }),
        waitsFor: ['ingest'],
      }),
      ['2 new (a/x, a/y)', '2 no longer wanted', 'after ingest'],
    ],
    [
      status({ next: next({ reasons: [{ reason: 'new', count: 4, examples: ['a', 'b', 'c'] }] }) }),
      ['4 new'],
    ],
  ])('of %j', (of, lines) => {
    expect(whyLines(of)).toEqual(lines);
  });
});
