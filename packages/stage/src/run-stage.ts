import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import {
  readManifest,
  writeFileAtomic,
  type Manifest,
  type ManifestItem,
  type ManifestOutput,
} from '@atelier/artifacts';
import { AtelierError, canonicalJson, type Json, type StageName } from '@atelier/core';
import { allOutputs, commit, isStaged, recover, stageFolder, type StageFolder } from './commit.js';
import type { Plan, PlanContext, Stage } from './contract.js';
import type { Dataset } from './dataset.js';
import { diffPlan, type Diff, type OutputState } from './diff.js';
import { readJournal } from './journal.js';
import { acquireLock } from './lock.js';
import { processItems } from './process-items.js';
import type { Reporter } from './reporter.js';
import type { Run, RunOptions } from './run.js';
import { openStatRecord } from './stat-record.js';
import { runSummary, type RunSummary } from './summary.js';

/**
 * Runs one stage on one dataset: plan, compare with the run before, make what is stale, commit. Idempotent:
 * what did not change is not made again.
 * @throws AtelierError; the manifest and the outputs are then those of the run before
 */
export async function runStage<Config extends Json>(
  stage: Stage<Config>,
  dataset: Dataset,
  options: RunOptions,
): Promise<RunSummary> {
  const started = Date.now();
  const folder = stageFolder(dataset.root, stage.name);
  const lock = options.dryRun ? undefined : await acquireLock(folder.lock);
  try {
    if (!options.dryRun) await recover(folder);
    const stats = await openStatRecord(folder.stats, { root: dataset.root, trust: !options.verify });
    const previous = await readPrevious(folder, options.reporter);
    const run = { stage, dataset, folder, stats, options };
    const context = await planContext(run, previous);
    const plan = await stage.plan(context);
    refuseClashes(stage.name, plan);
    const diff = diffPlan({
      stage,
      config: context.config,
      items: plan.items,
      previous,
      journal: await stagedItems(folder),
      outputState: await outputStates({ ...run, previous }),
    });
    const summarize = (made: readonly ManifestItem[]) =>
      runSummary({ stage, plan, diff, made, started, dryRun: options.dryRun ?? false });
    if (options.dryRun) return summarize([]);
    const made = await processItems({ ...run, context, plan, diff });
    const next = nextManifest({ stage, config: context.config, plan }, [
      ...diff.kept,
      ...diff.resumed,
      ...made,
    ]);
    const summary = summarize([...diff.resumed, ...made]);
    if (changesAnything({ previous, next, diff })) {
      await lock?.assertHeld();
      await commit(folder, next);
      for (const output of [...diff.resumed, ...made].flatMap((item) => item.outputs)) {
        stats.remember(output.path, output.sha256);
      }
      await writeFileAtomic(folder.run, `${JSON.stringify(summary, undefined, 2)}\n`);
    }
    await rm(folder.staging, { recursive: true, force: true });
    await stats.save();
    return summary;
  } catch (error) {
    throw withStage(error, stage.name);
  } finally {
    await lock?.release();
  }
}

async function readPrevious(folder: StageFolder, reporter: Reporter): Promise<Manifest | undefined> {
  try {
    return await readManifest(folder.manifest);
  } catch (error) {
    if (!(error instanceof AtelierError) || error.code !== 'MANIFEST_DAMAGED') throw error;
    reporter.warn(`${error.message} Every item is made again.`);
    return undefined;
  }
}

async function planContext<Config extends Json>(
  { stage, dataset, stats, options }: Run<Config>,
  previous: Manifest | undefined,
): Promise<PlanContext<Config>> {
  const upstream: Partial<Record<StageName, Manifest>> = {};
  for (const name of stage.inputs) upstream[name] = await readUpstream(dataset.root, name);
  return {
    root: dataset.root,
    dataset: dataset.config,
    config: stage.config(dataset.config),
    upstream,
    previous,
    digest: (path) => stats.digest(path),
    resplit: options.resplit ?? false,
  };
}

async function readUpstream(root: string, name: StageName): Promise<Manifest> {
  const folder = stageFolder(root, name);
  const manifest = existsSync(folder.next) ? undefined : await readManifest(folder.manifest);
  if (manifest !== undefined) return manifest;
  throw new AtelierError({
    code: 'INPUT_MISSING',
    action: `read the results of the stage ${name}`,
    path: folder.manifest,
    problem: existsSync(folder.next) ? 'its last run was cut off while committing' : 'it has not been run',
    hint: `Run "npx atelier preprocess ${name}" first, or all stages with "npx atelier preprocess".`,
  });
}

/** Two items that want the same file, or share an id, are a fault of the stage: never let one overwrite the other. */
function refuseClashes(stage: StageName, plan: Plan): void {
  const ids = new Set<string>();
  const paths = new Set<string>();
  for (const item of plan.items) {
    const clash = ids.has(item.id) ? item.id : item.outputs.find((path) => paths.has(path.toLowerCase()));
    if (clash !== undefined) {
      throw new AtelierError({
        code: 'STAGE_FAILED',
        action: 'plan the stage',
        stage,
        path: clash,
        problem: 'two items would write the same file',
        hint: 'Rename one of the pictures.',
      });
    }
    ids.add(item.id);
    for (const path of item.outputs) paths.add(path.toLowerCase());
  }
}

/** The journalled items whose outputs are still staged in full. */
async function stagedItems(folder: StageFolder): Promise<Map<string, ManifestItem>> {
  const items = await readJournal(folder.journal);
  for (const [id, item] of items) {
    const whole = await Promise.all(item.outputs.map((output) => isStaged(folder, output)));
    if (whole.includes(false)) items.delete(id);
  }
  return items;
}

/** Looks at every output of the run before; those whose mtime tells nothing are digested. */
async function outputStates<Config extends Json>(
  run: Run<Config> & { previous: Manifest | undefined },
): Promise<(output: ManifestOutput) => OutputState> {
  const states = new Map<string, OutputState>();
  for (const output of allOutputs(run.previous)) {
    const state = run.stats.check(output.path, output);
    if (state !== 'unsure') states.set(output.path, state);
    else
      states.set(output.path, (await run.stats.digest(output.path)) === output.sha256 ? 'intact' : 'altered');
  }
  return (output) => states.get(output.path) ?? 'missing';
}

function nextManifest(
  { stage, config, plan }: { stage: Stage; config: Json; plan: Plan },
  items: readonly ManifestItem[],
): Manifest {
  return {
    header: { stage: stage.name, version: stage.version, config, ...plan.header },
    items: new Map(items.map((item) => [item.id, item])),
  };
}

function changesAnything({
  previous,
  next,
  diff,
}: {
  previous: Manifest | undefined;
  next: Manifest;
  diff: Diff;
}): boolean {
  if (previous === undefined || diff.stale.length + diff.resumed.length + diff.orphaned.length > 0)
    return true;
  return canonicalJson(previous.header) !== canonicalJson(next.header);
}

function withStage(error: unknown, stage: StageName): unknown {
  if (!(error instanceof AtelierError) || error.stage !== undefined) return error;
  return new AtelierError({ ...error.toJSON(), stage, cause: error });
}
