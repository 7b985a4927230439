import { TASKS } from './tasks.js';
import { turnsOf, warmupOf } from './turns.js';

const task = (name: string) => TASKS.find((each) => each.name === name)!;

describe('turnsOf', () => {
  it('gives every contender one turn in each round, in the same order', () => {
    const turns = turnsOf(task('forward'), { steps: 8, rounds: 3 });
    expect(turns.map(({ round, contender }) => `${round}${contender}`).join(' ')).toBe(
      '00 01 02 03 10 11 12 13 20 21 22 23',
    );
  });

  it('shares the steps among the rounds, never fewer than asked for, and adds the lead', () => {
    const turns = turnsOf(task('augmented'), { steps: 8, rounds: 3 });
    expect(turns.every(({ count, lead }) => lead === 4 && count === 4 + 3)).toBe(true);
  });

  it('runs a whole epoch once a turn', () => {
    expect(turnsOf(task('epoch'), { steps: 24, rounds: 2 }).map(({ count }) => count)).toEqual(
      Array<number>(6).fill(1),
    );
  });
});

describe('warmupOf', () => {
  it('is as many steps as asked for, but one epoch at most', () => {
    expect(warmupOf(task('train'), { warmup: 4 })).toBe(4);
    expect(warmupOf(task('epoch'), { warmup: 4 })).toBe(1);
    expect(warmupOf(task('epoch'), { warmup: 0 })).toBe(0);
  });
});
