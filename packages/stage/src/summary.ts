import type { ManifestItem } from '@atelier/artifacts';
import type { StageName } from '@atelier/core';
import type { Plan, Reason, Stage } from './contract.js';
import type { Diff } from './diff.js';

/** What a run did, for people, for `--json` and for run.json. Not part of the dataset: it holds times. */
export interface RunSummary {
  readonly stage: StageName;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly dryRun: boolean;
  /** Made in this run (or to be made, in a dry run), and finished by an interrupted run before it. */
  readonly done: number;
  readonly resumed: number;
  readonly kept: number;
  readonly removed: number;
  readonly quarantined: number;
  readonly warnings: readonly string[];
  /** Why items were made, the most frequent reason first. */
  readonly reasons: readonly {
    readonly reason: string;
    readonly count: number;
    readonly examples: readonly string[];
  }[];
  /** Every item that was made, with its reason. */
  readonly items: readonly { readonly id: string; readonly kind: Reason['kind']; readonly reason: string }[];
  readonly removedItems: readonly string[];
  readonly quarantine: readonly { readonly path: string; readonly reason: string; readonly remedy: string }[];
  readonly noun: string;
}

const EXAMPLES = 3;

/** Sums up a run. */
export function runSummary(run: {
  stage: Stage;
  plan: Plan;
  diff: Diff;
  made: readonly ManifestItem[];
  started: number;
  dryRun: boolean;
}): RunSummary {
  const { stage, plan, diff, made, started, dryRun } = run;
  const items = diff.stale.map(({ item, reason }) => ({
    id: item.id,
    kind: reason.kind,
    reason: reason.text,
  }));
  const quarantine = [...diff.kept, ...(dryRun ? diff.resumed : made)].flatMap(
    (item) => item.quarantine ?? [],
  );
  return {
    stage: stage.name,
    startedAt: new Date(started).toISOString(),
    durationMs: Date.now() - started,
    dryRun,
    done: diff.stale.length,
    resumed: diff.resumed.length,
    kept: diff.kept.length,
    removed: diff.orphaned.length,
    quarantined: quarantine.length,
    warnings: plan.warnings ?? [],
    reasons: groupReasons(items),
    items,
    removedItems: diff.orphaned.map((item) => item.id),
    quarantine: quarantine.map(({ path, reason, remedy }) => ({ path, reason, remedy })),
    noun: stage.noun,
  };
}

/** One entry per kind of reason; reasons that name a file are told by their kind. */
function groupReasons(items: RunSummary['items']): RunSummary['reasons'] {
  const groups = new Map<string, { reason: string; count: number; examples: string[] }>();
  for (const { id, kind, reason } of items) {
    const name = kind === 'input' ? reason.slice(0, reason.indexOf(':')) : reason;
    const group = groups.get(name) ?? { reason: name, count: 0, examples: [] };
    group.count++;
    if (group.examples.length < EXAMPLES)
      group.examples.push(kind === 'input' ? inputExample(id, reason) : id);
    groups.set(name, group);
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
}

/** The input that changed, and what is made from it where its name does not tell. */
function inputExample(id: string, reason: string): string {
  const input = reason.slice(reason.indexOf(': ') + 2);
  return input.includes(id) ? input : `${id} from ${input}`;
}

/** The text of run.json: one line per field; single items are in the history. */
export function runFile({ items: _items, ...summary }: RunSummary): string {
  const fields = Object.entries(summary).map(
    ([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`,
  );
  return `{\n${fields.join(',\n')}\n}\n`;
}

/** Whether there was nothing to do. */
export function isIdle({
  done,
  resumed,
  removed,
}: Pick<RunSummary, 'done' | 'resumed' | 'removed'>): boolean {
  return done + resumed + removed === 0;
}

/** The lines that a person reads after a stage. */
export function summaryLines(summary: RunSummary, { explain }: { explain: boolean }): string[] {
  const { stage, done, resumed, kept, removed, quarantined, noun, dryRun } = summary;
  const plural = (count: number) => `${count} ${noun}${count === 1 ? '' : 's'}`;
  const seconds = (summary.durationMs / 1000).toFixed(1);
  const bad = quarantined > 0 ? `, ${quarantined} in quarantine` : '';
  const title = stage.padEnd(9);
  if (isIdle(summary)) return [`${title} up to date (${plural(kept)}${bad})`];
  const parts = [
    `${dryRun ? 'would make' : 'made'} ${plural(done)}`,
    ...(resumed > 0 ? [`took over ${resumed} from the interrupted run`] : []),
    `kept ${kept}`,
    ...(removed > 0 ? [`${dryRun ? 'would remove' : 'removed'} ${removed}`] : []),
  ];
  const lines = [`${title} ${parts.join(', ')}${bad}${dryRun ? '' : ` in ${seconds} s`}`];
  if (explain) {
    lines.push(...summary.items.map(({ id, reason }) => `            ${id}: ${reason}`));
    lines.push(...summary.removedItems.map((id) => `            ${id}: no longer wanted, removed`));
  } else {
    for (const { reason, count, examples } of summary.reasons) {
      const shown = count <= EXAMPLES ? ` (${examples.join(', ')})` : '';
      lines.push(`            ${count} ${reason}${shown}`);
    }
  }
  return lines;
}
