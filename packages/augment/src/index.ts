/** Stage 5: random transforms of the training pictures. */
export { augment } from './augment.js';
