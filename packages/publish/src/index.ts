/** On request: the dataset in the formats that everyone else opens, with its card, metadata and datasheet. */
export { publish } from './publish.js';
