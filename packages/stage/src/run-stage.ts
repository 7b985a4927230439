import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import {
  readManifest,
  writeError,
  writeFileAtomic,
  type Manifest,
  type ManifestItem,
  type ManifestOutput,
} from '@atelier/artifacts';
import {
  AtelierError,
  canonicalJson,
  compareCodePoints,
  printable,
  WORKERS,
  type Json,
  type StageName,
  type WorkerName,
} from '@atelier/core';
import {
  allOutputs,
  carryOut,
  decide,
  isCutOff,
  isStaged,
  recover,
  refuseOutputLinks,
  refuseOwnLinks,
  stageFolder,
  standingManifest,
  strayFiles,
  type StageFolder,
} from './commit.js';
import type { Plan, PlanContext, Stage } from './contract.js';
import type { Dataset } from './dataset.js';
import { diffPlan, type Diff, type OutputState } from './diff.js';
import { appendHistory } from './history.js';
import { readJournal } from './journal.js';
import { refuseLinksOut } from './links-out.js';
import { acquireLock, type Lock } from './lock.js';
import { processItems } from './process-items.js';
import type { Run, RunOptions } from './run.js';
import { idleSummary, sealKey, sealOf, upstreamManifests } from './seal.js';
import { openStatRecord } from './stat-record.js';
import { emptySummary, runFile, runSummary, type RunSummary } from './summary.js';

/**
 * Runs one stage on one dataset: plan, compare with the run before, make what is stale, commit. Idempotent:
 * what did not change is not made again. A run that finds nothing to do writes nothing and needs no lock.
 * @throws AtelierError; the manifest and the outputs are then those of the run before
 */
export async function runStage<Config extends Json>(
  stage: Stage<Config>,
  dataset: Dataset,
  options: RunOptions,
): Promise<RunSummary> {
  const started = Date.now();
  const folder = stageFolder(dataset.root, stage.name);
  let lock: Lock | undefined;
  try {
    const stats = await openStatRecord(folder.stats, { root: dataset.root, trust: !options.verify });
    const run: Run<Config> = { stage, dataset, folder, stats, options, started };
    const key = await sealKey(run);
    const idle = existsSync(folder.staging) ? undefined : idleSummary(run, key);
    if (idle !== undefined) return idle;
    if (options.dryRun) return await runPlan({ ...run, cutOff: isCutOff(folder) }, { key, lock });
    await refuseOwnLinks(folder);
    lock = await acquireLock(folder.lock);
    const cutOff = await recover(folder);
    const summary = await runPlan({ ...run, cutOff }, { key, lock });
    await rm(folder.staging, { recursive: true, force: true });
    return summary;
  } catch (error) {
    throw asStageError(error, { stage: stage.name, folder });
  } finally {
    await lock?.release();
  }
}

/** The whole way: plan, compare, process, commit, seal. */
async function runPlan<Config extends Json>(
  run: PlannedRun<Config>,
  { key, lock }: { key: string; lock: Lock | undefined },
): Promise<RunSummary> {
  const { stage, folder, stats, options, started, cutOff } = run;
  const missing = upstreamProblem(run);
  if (missing !== undefined) {
    if (lock !== undefined) throw missing.error;
    return { ...emptySummary({ stage, started, dryRun: true }), completed: cutOff, waitsFor: missing.stage };
  }
  await stats.digests(upstreamManifests(run)); // before they are read: a later change is seen by the next run
  const previous = await readPrevious(run);
  const context = await planContext(run, previous);
  const plan = await stage.plan(context);
  refuseClashes(stage.name, plan);
  const { config } = context;
  const journal = await stagedItems(folder);
  const outputState = await outputStates(run, previous);
  const diff = diffPlan({ stage, config, items: plan.items, previous, journal, outputState });
  const summarize = (made: readonly ManifestItem[]) =>
    runSummary({ stage, plan, diff, made, started, dryRun: lock === undefined, cutOff });
  if (lock === undefined) return summarize([]);
  const made = await processItems({ ...run, context, plan, diff });
  const finished = [...diff.resumed.map(({ item }) => item), ...made];
  const next = nextManifest({ stage, config, plan }, [...diff.kept, ...finished]);
  const summary = summarize(finished);
  const ownManifest = `${WORKERS[stage.name]}/manifest.jsonl`;
  if (changesAnything({ previous, next, diff })) {
    await lock.assertHeld();
    await refuseOutputLinks(folder, { previous, next });
    if (previous === undefined) await warnOfStrays(run, next);
    const { sha256 } = await decide(folder, { previous, next });
    await appendHistory(folder.history, summary);
    await carryOut(folder, { previous, next });
    for (const output of finished.flatMap((item) => item.outputs)) stats.remember(output.path, output.sha256);
    stats.remember(ownManifest, sha256);
    await writeFileAtomic(folder.run, runFile(summary));
  } else await stats.digests([ownManifest]);
  options.manifests?.set(folder.manifest, next);
  await stats.save(sealOf(key, summary));
  return summary;
}

/** A run that has something to do, or has to look closely whether it has. */
interface PlannedRun<Config extends Json> extends Run<Config> {
  /** The run before was cut off while committing: that has been carried through, or would be by other than a dry run. */
  readonly cutOff: boolean;
}

async function readPrevious<Config extends Json>({
  folder,
  options,
}: Run<Config>): Promise<Manifest | undefined> {
  try {
    return await standingManifest(folder);
  } catch (error) {
    if (!(error instanceof AtelierError) || error.code !== 'MANIFEST_DAMAGED') throw error;
    options.reporter.warn(`${error.message} Every item is made again.`);
    return undefined;
  }
}

async function planContext<Config extends Json>(
  { stage, dataset, stats, options }: Run<Config>,
  previous: Manifest | undefined,
): Promise<PlanContext<Config>> {
  const upstream: Partial<Record<StageName, Manifest>> = {};
  for (const name of stage.inputs) {
    const { manifest: path } = stageFolder(dataset.root, name);
    await refuseLinksOut(dataset.root, [path], 'read');
    const manifest = options.manifests?.get(path) ?? ((await readManifest(path)) as Manifest);
    options.manifests?.set(path, manifest);
    upstream[name] = manifest;
  }
  return {
    root: dataset.root,
    dataset: dataset.config,
    config: stage.config(dataset.config),
    upstream,
    previous,
    digests: (paths) => stats.digests(paths),
    resplit: options.resplit ?? false,
  };
}

/** Without a manifest of the run before, what lies in the stage's folders cannot be told from leftovers. */
async function warnOfStrays<Config extends Json>(
  { folder, options }: Run<Config>,
  next: Manifest,
): Promise<void> {
  const strays = await strayFiles(folder, new Set(allOutputs(next).map((output) => output.path)));
  if (strays.length === 0) return;
  const first = printable(strays[0] as string);
  options.reporter.warn(`${strays.length} files that no manifest names are removed, the first is ${first}`);
}

/** Every stage that is read from must have run to its end. */
function upstreamProblem<Config extends Json>({
  stage,
  dataset,
}: Run<Config>): { stage: StageName; error: AtelierError } | undefined {
  for (const name of stage.inputs) {
    const folder = stageFolder(dataset.root, name);
    const cutOff = isCutOff(folder);
    if (!cutOff && existsSync(folder.manifest)) continue;
    const error = new AtelierError({
      code: 'INPUT_MISSING',
      action: `read the results of the stage ${name}`,
      path: folder.manifest,
      problem: cutOff ? 'its last run was cut off while committing' : 'it has not been run',
      hint: `Run "npx atelier preprocess ${name}" first, or all stages with "npx atelier preprocess".`,
    });
    return { stage: name, error };
  }
  return undefined;
}

/** Two items that want the same file, or share an id, are a fault of the stage: never let one overwrite the other. */
function refuseClashes(stage: WorkerName, plan: Plan): void {
  const ids = new Set<string>();
  const paths = new Set<string>();
  for (const item of plan.items) {
    const folded = item.outputs.map((path) => path.toLowerCase());
    const clash = ids.has(item.id) ? item.id : item.outputs.find((_, i) => paths.has(folded[i] as string));
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
    for (const path of folded) paths.add(path);
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
  { stats, folder, cutOff }: PlannedRun<Config>,
  previous: Manifest | undefined,
): Promise<(output: ManifestOutput) => OutputState> {
  const states = new Map<string, OutputState>();
  const unsure: ManifestOutput[] = [];
  for (const output of allOutputs(previous)) {
    if (cutOff && (await isStaged(folder, output))) {
      continue; // it only waits to be moved
    }
    const state = stats.check(output.path, output);
    if (state === 'unsure') unsure.push(output);
    else if (state !== 'intact') states.set(output.path, state);
  }
  const digests = await stats.digests(unsure.map((output) => output.path));
  for (const { path, sha256 } of unsure) if (digests.get(path) !== sha256) states.set(path, 'altered');
  return (output) => states.get(output.path) ?? 'intact';
}

function nextManifest(
  { stage, config, plan }: { stage: Stage; config: Json; plan: Plan },
  items: readonly ManifestItem[],
): Manifest {
  return {
    header: { stage: stage.name, version: stage.version, config, ...plan.header },
    items: new Map([...items].sort((a, b) => compareCodePoints(a.id, b.id)).map((item) => [item.id, item])),
  };
}

function changesAnything(state: { previous: Manifest | undefined; next: Manifest; diff: Diff }): boolean {
  const { previous, next, diff } = state;
  if (previous === undefined || diff.stale.length + diff.resumed.length + diff.orphaned.length > 0)
    return true;
  return canonicalJson(previous.header) !== canonicalJson(next.header);
}

/** Names the stage, and puts what the system said of a folder or a file into words. */
function asStageError(
  error: unknown,
  { stage, folder }: { stage: WorkerName; folder: StageFolder },
): unknown {
  const { syscall, path, dest } = error as NodeJS.ErrnoException & { dest?: string };
  const failure =
    error instanceof AtelierError || syscall === undefined
      ? error
      : writeError('write', dest ?? path ?? folder.path, error);
  if (!(failure instanceof AtelierError) || failure.stage !== undefined) return failure;
  return new AtelierError({ ...failure.toJSON(), stage, cause: failure });
}
