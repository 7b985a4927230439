import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomic } from '@atelier/artifacts';
import { markdownPage } from './markdown.js';
import type { Results } from './results.js';

/** Writes benchmark-training.json and benchmark-training.md, formatted as the repository formats its files. */
export async function writeResults(folder: string, results: Results): Promise<string[]> {
  const { format, resolveConfig } = await import('prettier');
  await mkdir(folder, { recursive: true });
  const contents = {
    'benchmark-training.json': JSON.stringify(results),
    'benchmark-training.md': markdownPage(results),
  };
  const files: string[] = [];
  for (const [name, content] of Object.entries(contents)) {
    const file = path.join(folder, name);
    await writeFileAtomic(file, await format(content, { ...(await resolveConfig(file)), filepath: file }));
    files.push(file);
  }
  return files;
}
