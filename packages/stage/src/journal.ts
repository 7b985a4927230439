import { createReadStream } from 'node:fs';
import { appendFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { ManifestItem } from '@atelier/artifacts';

/**
 * Reads the items that an interrupted run had finished. A last line that was cut off by the end of that run
 * is left out, and whatever cannot be read ends the journal: its items are simply made again.
 */
export async function readJournal(path: string): Promise<Map<string, ManifestItem>> {
  const items = new Map<string, ManifestItem>();
  try {
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      const item = JSON.parse(line) as ManifestItem;
      items.set(item.id, item);
    }
  } catch (error) {
    const absent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (!absent && !(error instanceof SyntaxError)) throw error;
  }
  return items;
}

/** Notes that an item is finished: its outputs are whole in the staging folder. */
export async function appendJournal(path: string, items: readonly ManifestItem[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await appendFile(path, items.map((item) => `${JSON.stringify(item)}\n`).join(''));
}
