/** Stage 6: tensors in Arrow shards. */
export { normalize } from './normalize.js';
