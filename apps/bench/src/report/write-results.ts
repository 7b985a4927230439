import { markdownPage } from './markdown.js';
import { writeFormatted } from './report.js';
import type { Results } from './results.js';

/** Writes benchmark-training.json and benchmark-training.md. @returns their paths */
export async function writeResults(folder: string, results: Results): Promise<string[]> {
  return writeFormatted(folder, {
    'benchmark-training.json': JSON.stringify(results),
    'benchmark-training.md': markdownPage(results),
  });
}
