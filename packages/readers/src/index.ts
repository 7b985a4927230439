/**
 * For tests only: what was written is read back by the libraries people will read it with (numpy, pyarrow, Pillow,
 * OpenCV, Keras, TensorBoard), in a virtual environment of their own. No product code imports this.
 */
export { defaultPlace, ensureReaders, venvPython, type ReadersPlace } from './ensure-readers.js';
export { runPython } from './run-python.js';
export { repositoryRoot, sourceNodeArgs } from './source-node.js';
