/** Stage 1: the folder of pictures, its classes, and what each file is. */
export { ingest } from './ingest.js';
export { listSources, type Listing } from './list-sources.js';
