import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { refuseSize } from '@atelier/image';
import type { ManifestQuarantine } from '@atelier/artifacts';
import { quarantineOf } from '@atelier/stage';

/**
 * The pictures whose files are larger than limits.maxFileBytes, told without reading any of them.
 * @param folder of pictures, absolute
 * @returns what quarantine says of each, by its path below the folder
 */
export function tooLarge(
  folder: string,
  sourceIds: readonly string[],
  maxFileBytes: number,
): Map<string, ManifestQuarantine> {
  const refused = new Map<string, ManifestQuarantine>();
  for (const id of sourceIds) {
    const size = statSync(resolve(folder, id), { throwIfNoEntry: false })?.size ?? 0;
    if (size <= maxFileBytes) continue;
    refused.set(id, quarantineOf(refuseSize(size, maxFileBytes), `images/${id}`));
  }
  return refused;
}
