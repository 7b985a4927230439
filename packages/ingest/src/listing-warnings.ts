import { groupBy, printable } from '@atelier/core';
import { formulaNames } from './formula-names.js';
import type { Listing } from './list-sources.js';
import { QUIET_REASONS } from './list-tree.js';

/** What is named one by one; of more than so many of a kind, some are named and the others counted. */
const NAMED = 3;

/** What a person should know of the folder of pictures: what was left out, and names that other systems mix up. */
export function listingWarnings({ skipped, sources, notes }: Listing): string[] {
  return [...notes, ...leftOut(skipped), ...twinNames(sources.map(({ id }) => id)), ...formulaNames(sources)];
}

/** What was left out though somebody may miss it; what systems leave behind is only recorded. */
function leftOut(skipped: Listing['skipped']): string[] {
  const notable = skipped.filter(({ reason }) => !QUIET_REASONS.has(reason));
  return [...groupBy(notable, ({ reason }) => reason)].flatMap(([reason, entries]) => {
    const names = entries.map(({ path }) => `images/${printable(path)}`);
    if (names.length <= NAMED) return names.map((name) => `${name} is left out: ${reason}`);
    const more = names.length - NAMED;
    return [`${names.slice(0, NAMED).join(', ')} and ${more} more are left out: ${reason}`];
  });
}

/** Names that macOS and Windows take for one: a copy of the dataset made there would lose pictures. */
function twinNames(sourceIds: readonly string[]): string[] {
  const fold = (id: string) => id.normalize('NFC').toLowerCase().normalize('NFC');
  const twins = [...groupBy(sourceIds, fold).values()].filter((ids) => ids.length > 1);
  const lines = twins.map(
    (ids) =>
      `the names ${ids.map((id) => `"${visible(id)}"`).join(' and ')} differ only in case or Unicode form; ` +
      'on macOS and Windows they are one file',
  );
  if (lines.length <= NAMED) return lines;
  return [...lines.slice(0, NAMED), `${lines.length - NAMED} more names differ only in case or Unicode form`];
}

/** Combining marks by their numbers: on a screen the two forms of a name look alike. */
function visible(id: string): string {
  return printable(id).replace(/\p{M}/gu, (mark) => `\\u{${mark.codePointAt(0)?.toString(16)}}`);
}
