import { readFile, stat } from 'node:fs/promises';
import { SPLITS, STAGES, type StageName } from '@atelier/core';
import { whyLines } from '@atelier/pipeline';
import { stageFolder } from '@atelier/stage';
import { z } from 'zod';
import type { ArtifactStore } from '../dataset/artifact-store.js';
import type { Look } from '../dataset/look.js';
import { failures, type Routes } from '../server/api.js';

const runSummary = z.object({
  startedAt: z.string().describe('ISO 8601, UTC.'),
  durationMs: z.number(),
  done: z.number(),
  kept: z.number(),
  removed: z.number(),
});

const overviewStage = z.object({
  stage: z.enum(Object.keys(STAGES) as [StageName, ...StageName[]]),
  folder: z.string(),
  items: z.number().nullable().describe('null where it has not run, or its manifest is damaged.'),
  files: z.number(),
  sizeBytes: z.number(),
  quarantined: z.number(),
  lastRun: runSummary.nullable(),
  running: z.object({ finished: z.number().describe('Items finished and not committed yet.') }).nullable(),
  state: z
    .enum(['fresh', 'stale', 'waits', 'never run', 'unknown'])
    .nullable()
    .describe('null while that is being found out.'),
  why: z.array(z.string()),
  problem: z.string().nullable().describe('What is wrong with its manifest.'),
});

/** How the dataset stands, stage by stage. */
export const overview = z.object({
  name: z.string(),
  root: z.string(),
  pictures: z.number().nullable(),
  classes: z.number().nullable(),
  splits: z.record(z.enum(SPLITS), z.number()).nullable(),
  checkedAt: z.string().nullable().describe('When freshness was found out; null while it is.'),
  problem: z.string().nullable(),
  stages: z.array(overviewStage),
  findings: z
    .array(
      z.object({
        kind: z.string(),
        pictures: z.boolean().describe('Whether it is about pictures; else about classes.'),
        severity: z.enum(['error', 'warning', 'note']),
        title: z.string(),
        count: z.number(),
      }),
    )
    .nullable(),
});

/** How the dataset stands, stage by stage. */
export type Overview = z.infer<typeof overview>;

/** One stage of the overview. */
export type OverviewStage = z.infer<typeof overviewStage>;

/** The overview of the dataset. */
export const overviewRoutes: Routes = (app, { store }) => {
  app.get(
    '/api/overview',
    {
      schema: { summary: 'How the dataset stands, stage by stage', response: { 200: overview, ...failures } },
    },
    async (): Promise<Overview> => {
      const look = store.look();
      const names = Object.keys(STAGES) as StageName[];
      const stages = await Promise.all(names.map((name) => stageOverview(store, name, look)));
      return {
        name: store.name,
        root: store.root,
        ...(await counts(store)),
        checkedAt: look?.at ?? null,
        problem: look?.problem ?? null,
        stages,
        findings:
          look?.check?.sections.map(({ kind, severity, title, findings }) => ({
            kind,
            severity,
            pictures: findings.some(({ pictures }) => pictures.length > 0),
            title,
            count: findings.length,
          })) ?? null,
      };
    },
  );
};

async function counts(store: ArtifactStore): Promise<Pick<Overview, 'pictures' | 'classes' | 'splits'>> {
  const ingest = await store.stage('ingest');
  if (ingest.kind !== 'read') return { pictures: null, classes: null, splits: null };
  const { rows, classNames } = await store.pictures();
  const splits = { train: 0, validation: 0, test: 0 };
  for (const { split } of rows) if (split !== undefined) splits[split] += 1;
  const known = rows.some(({ split }) => split !== undefined);
  return { pictures: rows.length, classes: classNames.length, splits: known ? splits : null };
}

async function stageOverview(
  store: ArtifactStore,
  name: StageName,
  look: Look | null,
): Promise<OverviewStage> {
  const state = await store.stage(name);
  const index = state.kind === 'read' ? state.index : undefined;
  const status = look?.status.find(({ stage }) => stage === name);
  return {
    stage: name,
    folder: STAGES[name],
    // "/files" and its like are the stage's tables, no items of the dataset
    items: index === undefined ? null : [...index.items.keys()].filter((id) => !id.startsWith('/')).length,
    files: index?.files ?? 0,
    sizeBytes: index?.sizeBytes ?? 0,
    quarantined: index?.quarantined ?? 0,
    lastRun: await lastRun(store.root, name),
    running: await running(store.root, name),
    state: status?.state ?? null,
    why: status === undefined ? [] : whyLines(status),
    problem: state.kind === 'damaged' ? state.problem : null,
  };
}

/** run.json: what the last run did; it is a record for people, so one that cannot be read is none. */
async function lastRun(root: string, name: StageName): Promise<OverviewStage['lastRun']> {
  const text = await readFile(stageFolder(root, name).run, 'utf8').catch(() => undefined);
  if (text === undefined) return null;
  try {
    return runSummary.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** An owner of a lock shows every two seconds that it lives. */
const HEARTBEAT_MS = 10_000;

async function running(root: string, name: StageName): Promise<OverviewStage['running']> {
  const { lock, journal } = stageFolder(root, name);
  const held = await stat(lock).catch(() => undefined);
  if (held === undefined || Date.now() - held.mtimeMs > HEARTBEAT_MS) return null;
  const lines = await readFile(journal, 'utf8').catch(() => '');
  return { finished: lines.split('\n').length - 1 };
}
