/** Stage 1: the folder of pictures, its classes, and what each file is. */
export { ingest } from './ingest.js';
export { listSources, type Listing, type ListingRules, type Source } from './list-sources.js';
export { layoutBesideFolders } from './layout-beside-folders.js';
export { QUIET_REASONS } from './list-tree.js';
export { looksLikeSplits } from './sources-by-folder.js';
