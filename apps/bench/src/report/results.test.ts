import { measuredTask } from '../testing/measured.js';
import { summarizeTask } from './results.js';

describe('summarizeTask', () => {
  const result = summarizeTask(
    measuredTask('train', [75, 40, 100, 110, 500, 300], [1e9, 8e8, 2e9, 2e9, 4e9, 3e9]),
  );

  it('compares us with each contender, in time and memory', () => {
    const [ours, bfloat16, keras, , fit] = result.contenders;
    expect(bfloat16).toMatchObject({ name: 'graph, bfloat16', medianMs: 80, ratio: { ratio: 1.875 } });
    expect(ours).toMatchObject({ name: 'graph', medianMs: 150, count: 3, ratio: null, memoryRatio: null });
    expect(keras).toMatchObject({
      medianMs: 200,
      quartilesMs: [150, 250],
      ratio: { ratio: 0.75 },
      memoryRatio: 0.5,
    });
    expect(fit).toMatchObject({ ratio: { ratio: 0.15, low: 0.15, high: 0.15 }, memoryRatio: 0.25 });
  });

  it('judges by the fastest and by the smallest of each side', () => {
    expect(result.verdicts).toEqual([
      {
        measure: 'time',
        against: 'keras',
        contender: 'Keras train_on_batch',
        ratio: 0.75,
        atMost: 0.8,
        reached: true,
      },
      {
        measure: 'time',
        against: 'tfjs',
        contender: 'tfjs-node trainOnBatch',
        ratio: 0.25,
        atMost: 0.3,
        reached: true,
      },
      {
        measure: 'memory',
        against: 'tfjs',
        contender: 'tfjs-node trainOnBatch',
        ratio: 1 / 3,
        atMost: 0.5,
        reached: true,
      },
    ]);
  });

  it('says what was not reached', () => {
    const slow = summarizeTask(measuredTask('augmented', [60, 30, 100, 90, 1000], []));
    expect(slow.verdicts).toMatchObject([{ contender: 'Keras cached', reached: false }]);
  });

  it('does not judge against a contender that is apart', () => {
    const quick = summarizeTask(measuredTask('augmented', [50, 30, 100, 100, 60], []));
    expect(quick.contenders.at(-1)).toMatchObject({ name: 'Keras mapped', medianMs: 120 });
    expect(quick.verdicts).toMatchObject([{ ratio: 0.5, reached: true }]);
  });

  it('does not judge memory that is not known', () => {
    const { contenders, verdicts } = summarizeTask(measuredTask('train', [1, 1, 2, 2, 9, 9], []));
    expect(contenders.map(({ memoryRatio }) => memoryRatio)).toEqual([null, null, null, null, null, null]);
    expect(verdicts.map(({ measure }) => measure)).toEqual(['time', 'time']);
  });
});
