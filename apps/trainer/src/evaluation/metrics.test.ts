import fc from 'fast-check';
import { computeMetrics, topKAccuracy, type Outcome } from './metrics.js';

/** Certain predictions of classes. */
const outcome = (labels: number[], predicted: number[], classNames = ['a', 'b', 'c']): Outcome => ({
  labels,
  probabilities: predicted.flatMap((index) => classNames.map((_, c) => (c === index ? 1 : 0))),
  losses: labels.map(() => 1),
  classNames,
});

describe('computeMetrics', () => {
  // the example of scikit-learn's classification_report
  it("gives scikit-learn's classification report", () => {
    const metrics = computeMetrics(outcome([0, 1, 2, 2, 2], [0, 0, 2, 2, 1]))!;
    expect(metrics.classes).toEqual([
      { className: 'a', precision: 0.5, recall: 1, f1: 2 / 3, support: 1 },
      { className: 'b', precision: 0, recall: 0, f1: 0, support: 1 },
      { className: 'c', precision: 1, recall: 2 / 3, f1: 0.8, support: 3 },
    ]);
    expect(metrics.accuracy).toBe(0.6);
    const { macroAverage, weightedAverage } = metrics;
    expect(macroAverage.precision).toBeCloseTo(0.5, 12);
    expect(macroAverage.recall).toBeCloseTo(5 / 9, 12);
    expect(macroAverage.f1).toBeCloseTo((2 / 3 + 0.8) / 3, 12);
    expect(weightedAverage.precision).toBeCloseTo(0.7, 12);
    expect(weightedAverage.recall).toBeCloseTo(0.6, 12);
    expect(weightedAverage.f1).toBeCloseTo((2 / 3 + 2.4) / 5, 12);
    expect(weightedAverage.support).toBe(5);
  });

  // the example of scikit-learn's confusion_matrix
  it("gives scikit-learn's confusion matrix", () => {
    const metrics = computeMetrics(outcome([2, 0, 2, 2, 0, 1], [0, 0, 2, 2, 0, 2]))!;
    expect(metrics.confusionMatrix).toEqual([
      [2, 0, 0],
      [0, 0, 1],
      [1, 0, 2],
    ]);
  });

  // the example of scikit-learn's top_k_accuracy_score
  it("gives scikit-learn's top-k accuracy", () => {
    const scores = [
      [0.5, 0.2, 0.2],
      [0.3, 0.4, 0.2],
      [0.2, 0.4, 0.3],
      [0.7, 0.2, 0.1],
    ];
    const ranked = { ...outcome([0, 1, 2, 2], [0, 0, 0, 0]), probabilities: scores.flat() };
    expect(topKAccuracy(ranked, 2)).toBe(0.75);
    expect(topKAccuracy(ranked, 1)).toBe(0.5);
    expect(topKAccuracy(ranked, 3)).toBe(1);
    expect(computeMetrics(ranked)!.topKAccuracy).toEqual({});
  });

  it('counts calibration in bins of confidence', () => {
    // two of confidence 0.9 of which one is right, one of 0.6 that is right: (|1 - 1.8| + |1 - 0.6|) / 3
    const probabilities = [0.9, 0.1, 0.9, 0.1, 0.6, 0.4];
    const metrics = computeMetrics({
      labels: [0, 1, 0],
      probabilities,
      losses: [1, 2, 3],
      classNames: ['a', 'b'],
    })!;
    expect(metrics.expectedCalibrationError).toBeCloseTo(1.2 / 3, 12);
    expect(metrics.loss).toBe(2);
  });

  it('is nothing for no samples', () => {
    expect(computeMetrics(outcome([], []))).toBeNull();
  });

  it('holds its laws', () => {
    const samples = fc.array(fc.tuple(fc.nat(6), fc.nat(6)), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(samples, (pairs) => {
        const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
        const labels = pairs.map(([label]) => label);
        const metrics = computeMetrics(
          outcome(
            labels,
            pairs.map(([, predicted]) => predicted),
            names,
          ),
        )!;
        const trace = metrics.confusionMatrix.reduce((sum, row, i) => sum + (row[i] as number), 0);
        expect(trace / pairs.length).toBe(metrics.accuracy);
        expect(metrics.confusionMatrix.flat().reduce((a, b) => a + b)).toBe(pairs.length);
        expect(metrics.weightedAverage.recall).toBeCloseTo(metrics.accuracy, 12);
        expect(metrics.topKAccuracy['3']).toBeGreaterThanOrEqual(metrics.accuracy);
        expect(metrics.topKAccuracy['5']).toBeGreaterThanOrEqual(metrics.topKAccuracy['3'] as number);
        for (const { precision, recall, f1 } of metrics.classes) {
          expect(f1).toBeCloseTo(
            precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall),
            12,
          );
        }
      }),
    );
  });
});
