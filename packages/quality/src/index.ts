/**
 * What the manifests tell of a dataset's quality, without reading a pixel again: pictures that are the same or
 * nearly so, class names that mean one class, odd pictures. It reports and changes nothing.
 */
export { nearDuplicateGroups, type Likeness } from './near-duplicates.js';
