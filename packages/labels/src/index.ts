/** Stage 3: the class table and the label of each picture. */
export { labels, type LabelRow } from './labels.js';
