import { randomStream } from '@atelier/core';

/** Pictures of noise: uint8 [count, height, width, 3], with labels int32 [count]. */
export interface NoiseBatch {
  readonly images: Uint8Array;
  readonly labels: Int32Array;
  readonly count: number;
}

/** Makes a batch of noise, always the same; how long a step takes does not depend on what is in the pictures. */
export function noiseBatch(size: {
  batchSize: number;
  height: number;
  width: number;
  classes: number;
}): NoiseBatch {
  const { batchSize, height, width, classes } = size;
  const random = randomStream(1, ['bench', 'noise']);
  const images = new Uint8Array(batchSize * height * width * 3);
  for (let i = 0; i < images.length; i++) images[i] = random.below(256);
  return { images, labels: Int32Array.from({ length: batchSize }, (_, i) => i % classes), count: batchSize };
}
