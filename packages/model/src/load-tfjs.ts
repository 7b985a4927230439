import type * as tfjs from '@tensorflow/tfjs';

/** TensorFlow.js, as a value that is passed around: it is loaded when it is needed, not at start-up. */
export type Tfjs = typeof tfjs;

/**
 * Loads TensorFlow.js. Unless a backend was chosen before, tensors live on its plain JavaScript backend ("cpu"), which
 * every machine has; models that are only built, saved, loaded or compiled by packages/graph need no other.
 */
export async function loadTfjs(): Promise<Tfjs> {
  const tf = await import('@tensorflow/tfjs');
  // without this, the first use of the JavaScript backend prints an advertisement on the console
  tf.enableProdMode();
  if (tf.engine().backendName === undefined) await tf.setBackend('cpu');
  return tf;
}
