import { printable } from '@atelier/core';
import { whyLines, type Quarantined, type StageStatus } from '@atelier/pipeline';
import { plainTable } from '../plain-table.js';

/** `status` for people: a line per stage. */
export async function statusTable(found: readonly StageStatus[]): Promise<string> {
  const rows = found.map((status) => [
    status.stage,
    `${status.folder}/`,
    status.state,
    status.items === null ? '' : String(status.items),
    status.quarantined === null ? '' : String(status.quarantined),
    whyLines(status).map(printable).join('\n'),
  ]);
  return plainTable(['stage', 'folder', 'state', 'items', 'quarantine', 'why'], rows);
}

/**
 * `status --quarantine` for people: file, stage, reason and remedy.
 * @param columns the width of the terminal; without it a line is as long as its texts
 */
export async function quarantineTable(files: readonly Quarantined[], columns?: number): Promise<string> {
  if (files.length === 0) return 'nothing is in quarantine';
  const rows = files.map(({ stage, path, reason, remedy, committed }) =>
    [path, committed ? stage : `${stage} (not committed)`, reason, remedy].map(printable),
  );
  return plainTable(['file', 'stage', 'what is wrong', 'what to do'], rows, columns);
}
