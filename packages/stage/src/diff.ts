import type { Manifest, ManifestItem } from '@atelier/artifacts';
import { canonicalJson, compareCodePoints, type Json } from '@atelier/core';
import type { PlannedItem, Reason, Stage } from './contract.js';
import { itemKeys } from './item-key.js';

/** How the fast check found an output file. */
export type OutputState = 'intact' | 'missing' | 'altered';

/** What has to be done, and why. */
export interface Diff {
  /** Items whose outputs stand as they should. */
  readonly kept: readonly ManifestItem[];
  /** Items that an interrupted run had finished: their outputs wait to be committed. */
  readonly resumed: readonly { readonly item: ManifestItem; readonly reason: Reason }[];
  /** Items to make, in the plan's order. */
  readonly stale: readonly { readonly item: PlannedItem; readonly key: string; readonly reason: Reason }[];
  /** Items of the run before that are no longer wanted. */
  readonly orphaned: readonly ManifestItem[];
}

/** What {@link diffPlan} compares. */
export interface DiffInput {
  readonly stage: Pick<Stage, 'name' | 'version'>;
  readonly config: Json;
  readonly items: readonly PlannedItem[];
  readonly previous: Manifest | undefined;
  /** Items that an interrupted run finished, by id. */
  readonly journal: ReadonlyMap<string, ManifestItem>;
  /** Looks at one output of an earlier run. */
  readonly outputState: (output: ManifestItem['outputs'][number]) => OutputState;
}

/** Compares the wanted items with what the run before left. Decides only; changes nothing. */
export function diffPlan(input: DiffInput): Diff {
  const kept: ManifestItem[] = [];
  const resumed: { item: ManifestItem; reason: Reason }[] = [];
  const stale: { item: PlannedItem; key: string; reason: Reason }[] = [];
  const previous = input.previous?.items ?? new Map<string, ManifestItem>();
  const wanted = new Set<string>();
  const keyOf = itemKeys(input.stage, input.config);
  for (const item of input.items) {
    wanted.add(item.id);
    const key = keyOf(item);
    const journalled = input.journal.get(item.id);
    const before = previous.get(item.id);
    const reason = staleReason(input, { item, key, before });
    if (reason === undefined) kept.push(before as ManifestItem);
    else if (journalled?.key === key && limitReason(input.config, journalled) === undefined)
      resumed.push({ item: journalled, reason });
    else stale.push({ item, key, reason });
  }
  const orphaned = [...previous.values()].filter((item) => !wanted.has(item.id));
  return { kept, resumed, stale, orphaned };
}

/** Why an item has to be made; undefined where it is fresh. */
function staleReason(
  input: DiffInput,
  { before, item, key }: { item: PlannedItem; key: string; before: ManifestItem | undefined },
): Reason | undefined {
  if (before === undefined) return { kind: 'new', text: 'new' };
  if (before.key !== key) return changeReason(input, { item, before });
  const limit = limitReason(input.config, before);
  if (limit !== undefined) return limit;
  for (const output of before.outputs) {
    const state = input.outputState(output);
    if (state === 'missing') return { kind: 'missing', text: 'output missing' };
    if (state === 'altered') return { kind: 'altered', text: 'output altered' };
  }
  return before.outputs.length === item.outputs.length || before.quarantine !== undefined
    ? undefined
    : { kind: 'missing', text: 'output missing' };
}

/** Why an item in quarantine is tried again although its key is the same: a limit that refused it has changed. */
function limitReason(config: Json, { quarantine }: ManifestItem): Reason | undefined {
  if (quarantine?.limits === undefined) return undefined;
  const { limits } = config as { limits?: Readonly<Record<string, Json>> };
  const now = Object.keys(quarantine.limits).map((name) => [name, limits?.[name] ?? null]);
  const changed = changedValues({ limits: quarantine.limits }, { limits: Object.fromEntries(now) as Json });
  return changed.length === 0 ? undefined : { kind: 'parameter', text: changed.join(', ') };
}

/** Which of the things that make up the key has changed, the most telling one first. */
function changeReason(
  input: DiffInput,
  { item, before }: { item: PlannedItem; before: ManifestItem },
): Reason {
  const was = before.inputs ?? {};
  const changed = [...new Set([...Object.keys(was), ...Object.keys(item.inputs)])]
    .filter((path) => was[path] !== item.inputs[path])
    .sort(compareCodePoints);
  if (changed.length > 0) {
    const more = changed.length > 1 ? ` and ${changed.length - 1} more` : '';
    const path = changed[0] as string;
    const verb =
      was[path] === undefined
        ? 'input added'
        : item.inputs[path] === undefined
          ? 'input removed'
          : 'input changed';
    return { kind: 'input', text: `${verb}: ${path}${more}` };
  }
  const version = input.previous?.header.version;
  if (version !== input.stage.version) {
    return { kind: 'version', text: `stage version changed from ${version} to ${input.stage.version}` };
  }
  const config = changedValues((input.previous?.header.config ?? {}) as Json, item.settings ?? input.config);
  if (config.length > 0) return { kind: 'parameter', text: config.join(', ') };
  const params = changedValues((before.params ?? {}) as Json, (item.params ?? {}) as Json);
  if (params.length > 0) return { kind: 'parameter', text: params.join(', ') };
  const written = before.outputs.map((output) => output.path);
  return before.quarantine !== undefined || item.outputs.every((path) => written.includes(path))
    ? { kind: 'version', text: 'made by another version of Atelier' }
    : { kind: 'renamed', text: 'output renamed' };
}

/** "augment.rotation.maxDegrees changed from 25 to 10", for every value of `now` that differs. */
export function changedValues(before: Json, now: Json): string[] {
  const old = new Map(leaves(before));
  return leaves(now).flatMap(([key, value]) => {
    const was = old.get(key);
    return was === value ? [] : [`${key} changed from ${was ?? 'unset'} to ${value}`];
  });
}

function leaves(value: Json, prefix = ''): [string, string][] {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return [[prefix, canonicalJson(value)]];
  return Object.entries(value as Record<string, Json>).flatMap(([key, child]) =>
    leaves(child, prefix === '' ? key : `${prefix}.${key}`),
  );
}
