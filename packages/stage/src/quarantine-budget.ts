import type { ManifestItem, ManifestQuarantine } from '@atelier/artifacts';
import { AtelierError, compareCodePoints, groupBy, type DatasetConfig } from '@atelier/core';

/** As many reasons, and files for each, as a message can hold; `atelier status --quarantine` lists all. */
const REASONS = 5;
const EXAMPLES = 3;

/**
 * Stops a run in which too much cannot be used: more items than `count`, and more than this `share` of all.
 * @throws AtelierError QUARANTINE_BUDGET with the reasons, the most frequent first, and files for each
 */
export function refuseBudget(
  items: readonly ManifestItem[],
  { noun, budget }: { noun: string; budget: DatasetConfig['limits']['quarantineBudget'] },
): void {
  const bad = quarantinesOf(items).sort(byPath);
  if (bad.length <= Math.max(budget.count, budget.share * items.length)) return;
  throw new AtelierError({
    code: 'QUARANTINE_BUDGET',
    action: 'finish the stage',
    problem:
      `${bad.length} of ${items.length} ${noun}s cannot be used, and limits.quarantineBudget allows ` +
      `${budget.count}, or ${Number((budget.share * 100).toFixed(2))} %: ${reasonsOf(bad).join('; ')}`,
    hint:
      'Mend or remove them ("npx atelier status --quarantine" lists all), or raise limits.quarantineBudget in ' +
      'dataset.json. Nothing was committed.',
  });
}

/** What is in quarantine. */
export function quarantinesOf(items: readonly ManifestItem[]): ManifestQuarantine[] {
  const found: ManifestQuarantine[] = [];
  for (const { quarantine } of items) if (quarantine !== undefined) found.push(quarantine);
  return found;
}

/** "7 times: the file is empty (images/a/1.jpg, images/a/2.jpg, images/a/3.jpg, …)", for each kind of reason. */
function reasonsOf(bad: readonly ManifestQuarantine[]): string[] {
  const groups = [...groupBy(bad, ({ reason }) => kindOf(reason)).values()].sort(
    (a, b) => b.length - a.length,
  );
  const lines = groups.slice(0, REASONS).map((group) => {
    const [first] = group as [ManifestQuarantine];
    const paths = group.slice(0, EXAMPLES).map(({ path }) => path);
    const times = group.length === 1 ? 'once' : `${group.length} times`;
    return `${times}: ${first.reason} (${paths.join(', ')}${group.length > EXAMPLES ? ', …' : ''})`;
  });
  return groups.length > REASONS ? [...lines, `and ${groups.length - REASONS} more reasons`] : lines;
}

const byPath = (a: ManifestQuarantine, b: ManifestQuarantine) => compareCodePoints(a.path, b.path);

/** Reasons that differ only in numbers and names are of one kind. */
const kindOf = (reason: string) => reason.replace(/"[^"]*"/g, '""').replace(/\d+/g, '0');
