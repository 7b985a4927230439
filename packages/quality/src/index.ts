/**
 * What the manifests tell of a dataset's quality, without reading a pixel again: pictures that are the same or
 * nearly so, class names that mean one class, odd pictures. It reports and changes nothing.
 */
export { nearDuplicateGroups, type Likeness } from './near-duplicates.js';
export { repairName, type Repair } from './mojibake.js';
export { qualityReport, type QualityReport } from './quality-report.js';
export { STAGES_READ, type Manifests } from './facts.js';
export type { Finding, QualitySettings, Section, Severity } from './section.js';
