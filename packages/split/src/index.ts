/** Stage 4: train, validation and test, per source picture, locked. */
export { split } from './split.js';
