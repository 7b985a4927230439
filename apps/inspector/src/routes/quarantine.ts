import { STAGES, type StageName } from '@atelier/core';
import { readJournal, stageFolder } from '@atelier/stage';
import { z } from 'zod';
import type { ArtifactStore } from '../dataset/artifact-store.js';
import { failures, type Routes } from '../server/api.js';

const quarantined = z.object({
  stage: z.enum(Object.keys(STAGES) as [StageName, ...StageName[]]),
  path: z.string(),
  code: z.string(),
  reason: z.string(),
  remedy: z.string(),
  committed: z.boolean().describe('False where the run that found it failed, or is still under way.'),
});

/** Files that could not be used. */
export const quarantine = z.object({
  total: z.number(),
  items: z.array(quarantined),
  reasons: z.array(z.object({ reason: z.string(), count: z.number() })).describe('The most frequent first.'),
  skipped: z
    .array(z.object({ path: z.string(), reason: z.string() }))
    .describe('Files that are no pictures.'),
  skippedTotal: z.number(),
});

/** Files that could not be used. */
export type Quarantine = z.infer<typeof quarantine>;

/** As many files that are no pictures as are named. */
const SKIPPED = 200;

/** What is in quarantine, and what was left out. */
export const quarantineRoutes: Routes = (app, { store }) => {
  app.get(
    '/api/quarantine',
    {
      schema: {
        summary: 'Files that could not be used, with reason and remedy',
        querystring: z.object({
          stage: z.enum(Object.keys(STAGES) as [StageName, ...StageName[]]).optional(),
          text: z.string().max(256).optional(),
          limit: z.coerce.number().int().min(1).max(100_000).default(200),
        }),
        response: { 200: quarantine, ...failures },
      },
    },
    async ({ query: { stage, text, limit } }): Promise<Quarantine> => {
      const part = text?.toLowerCase();
      const all = (await everyQuarantine(store)).filter(
        (item) =>
          (stage === undefined || item.stage === stage) &&
          (part === undefined || `${item.path} ${item.reason}`.toLowerCase().includes(part)),
      );
      const reasons = new Map<string, number>();
      for (const { reason } of all) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      const ingest = await store.stage('ingest');
      const skipped =
        ingest.kind === 'read' ? ((ingest.index.header['skipped'] ?? []) as Quarantine['skipped']) : [];
      return {
        total: all.length,
        items: all.slice(0, limit),
        reasons: [...reasons].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count),
        skipped: skipped.slice(0, SKIPPED),
        skippedTotal: skipped.length,
      };
    },
  );
};

async function everyQuarantine(store: ArtifactStore): Promise<Quarantine['items']> {
  const found: Quarantine['items'] = [];
  for (const stage of Object.keys(STAGES) as StageName[]) {
    const state = await store.stage(stage);
    const journal = await readJournal(stageFolder(store.root, stage).journal);
    if (state.kind === 'read' && state.index.quarantined > 0) {
      for (const [id, item] of state.index.items) {
        if (item.quarantine !== undefined && !journal.has(id))
          found.push({ stage, ...item.quarantine, committed: true });
      }
    }
    for (const item of journal.values()) {
      if (item.quarantine !== undefined) found.push({ stage, ...item.quarantine, committed: false });
    }
  }
  return found;
}
