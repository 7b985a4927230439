/** What a model said about a set of labelled samples. */
export interface Outcome {
  /** Class index of each sample. */
  readonly labels: ArrayLike<number>;
  /** Float32 [samples, classes], row-major. */
  readonly probabilities: ArrayLike<number>;
  /** Cross-entropy of each sample, natural logarithm. */
  readonly losses: ArrayLike<number>;
  readonly classNames: readonly string[];
}

/** Precision, recall and F1 of one class or averaged, each in [0, 1]; support is the number of true samples. */
export interface ClassReport {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly support: number;
}

/** How well a model does on a set of samples. */
export interface Metrics {
  readonly samples: number;
  /** Mean cross-entropy. */
  readonly loss: number;
  readonly accuracy: number;
  /** k -> share of samples whose class is among the k likeliest. */
  readonly topKAccuracy: Readonly<Record<string, number>>;
  /** Expected calibration error over 10 bins of confidence. */
  readonly expectedCalibrationError: number;
  readonly classes: readonly (ClassReport & { readonly className: string })[];
  /** The plain mean over the classes. */
  readonly macroAverage: ClassReport;
  /** The mean weighted by support. */
  readonly weightedAverage: ClassReport;
  /** Row = true class, column = predicted class; counts. */
  readonly confusionMatrix: readonly (readonly number[])[];
}

/**
 * The metrics of scikit-learn 1.x, by its definitions: `accuracy_score`, `top_k_accuracy_score`,
 * `classification_report` with zero_division=0 over all classes (also those without samples), `confusion_matrix`.
 * The expected calibration error is that of Guo et al., "On calibration of modern neural networks", 2017, with 10
 * equal bins. Of equal probabilities the class of the lower index is predicted, as numpy's argmax does.
 * @returns null where there are no samples: a mean over nothing is not a number
 */
export function computeMetrics(outcome: Outcome): Metrics | null {
  const { labels, losses, classNames } = outcome;
  const samples = labels.length;
  if (samples === 0) return null;
  const predicted = predictedClasses(outcome);
  const confusion = confusionMatrix(labels, { predicted, classes: classNames.length });
  const correct = sum(confusion.map((row, i) => row[i] as number));
  const reports = classNames.map((className, i) => ({ className, ...reportOf(confusion, i) }));
  return {
    samples,
    loss: sum(Array.from(losses)) / samples,
    accuracy: correct / samples,
    topKAccuracy: topK(outcome),
    expectedCalibrationError: calibrationError(outcome, predicted),
    classes: reports,
    macroAverage: average(
      reports,
      reports.map(() => 1),
    ),
    weightedAverage: average(
      reports,
      reports.map((report) => report.support),
    ),
    confusionMatrix: confusion,
  };
}

/** The likeliest class of each sample; of equal ones the first. */
export function predictedClasses({
  labels,
  probabilities,
  classNames,
}: Pick<Outcome, 'labels' | 'probabilities' | 'classNames'>): Int32Array {
  const classes = classNames.length;
  return Int32Array.from({ length: labels.length }, (_, row) => {
    let best = 0;
    for (let c = 1; c < classes; c++) {
      if (at(probabilities, row * classes + c) > at(probabilities, row * classes + best)) best = c;
    }
    return best;
  });
}

const at = (values: ArrayLike<number>, i: number) => values[i] as number;

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

function confusionMatrix(
  labels: ArrayLike<number>,
  { predicted, classes }: { predicted: ArrayLike<number>; classes: number },
): number[][] {
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < labels.length; i++) {
    const row = matrix[at(labels, i)] as number[];
    row[at(predicted, i)] = at(row, at(predicted, i)) + 1;
  }
  return matrix;
}

function reportOf(confusion: readonly (readonly number[])[], index: number): ClassReport {
  const hit = (confusion[index] as readonly number[])[index] as number;
  const support = sum([...(confusion[index] as readonly number[])]);
  const claimed = sum(confusion.map((row) => row[index] as number));
  const precision = ratio(hit, claimed);
  const recall = ratio(hit, support);
  return { precision, recall, f1: ratio(2 * hit, claimed + support), support };
}

/** 0 where there is nothing to divide by. */
const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

function average(reports: readonly ClassReport[], weights: readonly number[]): ClassReport {
  const total = sum([...weights]);
  const mean = (key: 'precision' | 'recall' | 'f1') =>
    ratio(sum(reports.map((report, i) => report[key] * (weights[i] as number))), total);
  return {
    precision: mean('precision'),
    recall: mean('recall'),
    f1: mean('f1'),
    support: sum(reports.map((report) => report.support)),
  };
}

/** For k = 3 and 5, where there are more classes than that: else it would always be 1. */
function topK(outcome: Outcome): Record<string, number> {
  const sizes = [3, 5].filter((k) => k < outcome.classNames.length);
  return Object.fromEntries(sizes.map((k) => [String(k), topKAccuracy(outcome, k)]));
}

/** scikit-learn's top_k_accuracy_score; of equal probabilities those of the higher index come first, as there. */
export function topKAccuracy({ labels, probabilities, classNames }: Outcome, k: number): number {
  const classes = classNames.length;
  let hits = 0;
  for (let row = 0; row < labels.length; row++) {
    const label = at(labels, row);
    const own = at(probabilities, row * classes + label);
    let ahead = 0;
    for (let c = 0; c < classes; c++) {
      const other = at(probabilities, row * classes + c);
      if (other > own || (other === own && c > label)) ahead++;
    }
    if (ahead < k) hits++;
  }
  return hits / labels.length;
}

function calibrationError({ labels, probabilities, classNames }: Outcome, predicted: Int32Array): number {
  const bins = Array.from({ length: 10 }, () => ({ confidence: 0, hits: 0 }));
  for (let row = 0; row < labels.length; row++) {
    const confidence = at(probabilities, row * classNames.length + at(predicted, row));
    // bins are (0, 0.1], (0.1, 0.2], …
    const bin = bins[Math.min(9, Math.max(0, Math.ceil(confidence * 10) - 1))] as (typeof bins)[number];
    bin.confidence += confidence;
    if (at(predicted, row) === at(labels, row)) bin.hits++;
  }
  return sum(bins.map((bin) => Math.abs(bin.hits - bin.confidence))) / labels.length;
}
