import type { ManifestItem } from '@atelier/artifacts';
import { appendLines, readLines } from './line-log.js';

/** Reads the items that an interrupted run had finished. */
export async function readJournal(path: string): Promise<Map<string, ManifestItem>> {
  const items = new Map<string, ManifestItem>();
  for await (const line of readLines(path)) {
    const item = line as ManifestItem;
    items.set(item.id, item);
  }
  return items;
}

/** Notes that items are finished: their outputs are whole in the staging folder. */
export async function appendJournal(path: string, items: readonly ManifestItem[]): Promise<void> {
  await appendLines(path, items);
}
