/**
 * How much each class counts in the loss: n / (classes x samples of the class), scikit-learn's "balanced", over the
 * classes that have samples; a class without any weighs 0, for it never occurs.
 * @param labels the class index of every training sample
 */
export function balancedClassWeights(labels: ArrayLike<number>, classes: number): Float32Array {
  const counts = new Array<number>(classes).fill(0);
  for (let i = 0; i < labels.length; i++)
    counts[labels[i] as number] = (counts[labels[i] as number] as number) + 1;
  const present = counts.filter((count) => count > 0).length;
  return Float32Array.from(counts, (count) => (count === 0 ? 0 : labels.length / (present * count)));
}
