import type { ManifestItem } from '@atelier/artifacts';
import type { StageName, WorkerName } from '@atelier/core';
import type { Plan, Reason, Stage } from './contract.js';
import type { Diff } from './diff.js';
import { quarantinesOf } from './quarantine-budget.js';

/** What a run did, for people, for `--json` and for run.json. Not part of the dataset: it holds times. */
export interface RunSummary {
  readonly stage: WorkerName;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly dryRun: boolean;
  /** Made in this run (or to be made, in a dry run), and finished by an interrupted run before it. */
  readonly done: number;
  readonly resumed: number;
  readonly kept: number;
  readonly removed: number;
  readonly quarantined: number;
  /** The run before was cut off while committing, and this one carried that through (in a dry run: would do so). */
  readonly completed: boolean;
  /** In a dry run: the stage whose results are not there yet, so that nothing else can be told. */
  readonly waitsFor: StageName | null;
  readonly warnings: readonly string[];
  /** Why items were made, the most frequent reason first. */
  readonly reasons: readonly {
    readonly reason: string;
    readonly count: number;
    readonly examples: readonly string[];
  }[];
  /** Every item that was made, with its reason. */
  readonly items: readonly ItemReason[];
  /** Every item that an interrupted run had finished, with the reason that run had. */
  readonly resumedItems: readonly ItemReason[];
  readonly removedItems: readonly string[];
  readonly quarantine: readonly { readonly path: string; readonly reason: string; readonly remedy: string }[];
  readonly noun: string;
}

/** An item, and why it is made. */
export interface ItemReason {
  readonly id: string;
  readonly kind: Reason['kind'];
  readonly reason: string;
}

const EXAMPLES = 3;

const withReason = ({ item, reason }: { item: { id: string }; reason: Reason }): ItemReason => ({
  id: item.id,
  kind: reason.kind,
  reason: reason.text,
});

/** Sums up a run. */
export function runSummary(run: {
  stage: Stage;
  plan: Plan;
  diff: Diff;
  made: readonly ManifestItem[];
  started: number;
  dryRun: boolean;
  cutOff: boolean;
}): RunSummary {
  const { stage, plan, diff, made, started, dryRun, cutOff } = run;
  const items = diff.stale.map(withReason);
  const resumed = diff.resumed.map(({ item }) => item);
  const quarantine = quarantinesOf([...diff.kept, ...(dryRun ? resumed : made)]);
  return {
    ...emptySummary({ stage, started, dryRun }),
    done: diff.stale.length,
    resumed: diff.resumed.length,
    kept: diff.kept.length,
    removed: diff.orphaned.length,
    quarantined: quarantine.length,
    completed: cutOff,
    warnings: plan.warnings ?? [],
    reasons: groupReasons(items),
    items,
    resumedItems: diff.resumed.map(withReason),
    removedItems: diff.orphaned.map((item) => item.id),
    quarantine: quarantine.map(({ path, reason, remedy }) => ({ path, reason, remedy })),
  };
}

/** The summary of a run that neither finds nor does anything. */
export function emptySummary(run: {
  stage: Pick<Stage, 'name' | 'noun'>;
  started: number;
  dryRun: boolean;
}): RunSummary {
  return {
    stage: run.stage.name,
    startedAt: new Date(run.started).toISOString(),
    durationMs: Math.max(0, Date.now() - run.started), // the clock may have been set back meanwhile
    dryRun: run.dryRun,
    done: 0,
    resumed: 0,
    kept: 0,
    removed: 0,
    quarantined: 0,
    completed: false,
    waitsFor: null,
    warnings: [],
    reasons: [],
    items: [],
    resumedItems: [],
    removedItems: [],
    quarantine: [],
    noun: run.stage.noun,
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
export function runFile({ items: _items, resumedItems: _resumed, ...summary }: RunSummary): string {
  const fields = Object.entries(summary).map(
    ([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`,
  );
  return `{\n${fields.join(',\n')}\n}\n`;
}

/** Whether there was nothing to do. */
export function isIdle(
  summary: Pick<RunSummary, 'done' | 'resumed' | 'removed' | 'completed' | 'waitsFor'>,
): boolean {
  const { done, resumed, removed, completed, waitsFor } = summary;
  return done + resumed + removed === 0 && !completed && waitsFor === null;
}

/** The lines that a person reads after a stage. */
export function summaryLines(summary: RunSummary, { explain }: { explain: boolean }): string[] {
  const { stage, done, resumed, kept, removed, quarantined, completed, waitsFor, noun, dryRun } = summary;
  const plural = (count: number) => `${count} ${noun}${count === 1 ? '' : 's'}`;
  const seconds = (summary.durationMs / 1000).toFixed(1);
  const bad = quarantined > 0 ? `, ${quarantined} in quarantine` : '';
  const title = stage.padEnd(9);
  if (isIdle(summary)) return [`${title} up to date (${plural(kept)}${bad})`];
  if (waitsFor !== null)
    return [`${title} waits for ${waitsFor}: what it would do is told once that has run`];
  const parts = [
    ...(completed ? [`${dryRun ? 'would complete' : 'completed'} the commit that was cut off`] : []),
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
