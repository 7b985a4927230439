import { SPLITS } from '@atelier/core';
import { z } from 'zod';
import type { ArtifactStore } from '../dataset/artifact-store.js';
import { failures, type Routes } from '../server/api.js';

const severity = z.enum(['error', 'warning', 'note']);

const member = z.object({
  id: z.string(),
  className: z.string(),
  split: z.enum(SPLITS).nullable(),
  width: z.number().nullable(),
  height: z.number().nullable(),
  digest: z.string(),
});

/** Pictures that are there more than once, and other odd ones. */
export const findingsPage = z.object({
  kinds: z.array(
    z.object({ kind: z.string(), severity, title: z.string(), advice: z.string(), count: z.number() }),
  ),
  kind: z.string().nullable().describe('The one whose findings these are.'),
  total: z.number(),
  offset: z.number(),
  findings: z.array(z.object({ text: z.string(), pictures: z.array(member), more: z.number() })),
  clean: z.array(z.string()).describe('What was looked for and not found.'),
  notRun: z.array(z.string()),
  checking: z.boolean(),
});

/** Pictures that are there more than once, and other odd ones. */
export type FindingsPage = z.infer<typeof findingsPage>;

/** Those that spoil what is judged by come first. */
const ORDER = [
  'duplicate-across-splits',
  'near-duplicate-across-splits',
  'label-conflict',
  'near-label-conflict',
  'duplicate',
  'near-duplicate',
];
/** As many pictures of a finding as are shown. */
const SHOWN = 24;

/** Findings about pictures. */
export const duplicateRoutes: Routes = (app, { store }) => {
  app.get(
    '/api/findings',
    {
      schema: {
        summary: 'Duplicates, near-duplicates and odd pictures, across splits first',
        querystring: z.object({
          kind: z.string().max(64).optional().describe('Which; the first that there is by default.'),
          offset: z.coerce.number().int().min(0).default(0),
          limit: z.coerce.number().int().min(1).max(100).default(30),
        }),
        response: { 200: findingsPage, ...failures },
      },
    },
    ({ query }) => listFindings(store, query),
  );
};

async function listFindings(
  store: ArtifactStore,
  { kind: wanted, offset, limit }: { kind?: string | undefined; offset: number; limit: number },
): Promise<FindingsPage> {
  const { byId } = await store.pictures();
  const look = store.look();
  const rank = (kind: string) => (ORDER.includes(kind) ? ORDER.indexOf(kind) : ORDER.length);
  const sections = (look?.check?.sections ?? [])
    .filter(({ findings }) => findings.some(({ pictures }) => pictures.length > 0))
    .sort((a, b) => rank(a.kind) - rank(b.kind));
  const section =
    sections.find(({ kind }) => kind === wanted) ?? (wanted === undefined ? sections[0] : undefined);
  const members = (ids: readonly string[]) =>
    ids.slice(0, SHOWN).flatMap((id): FindingsPage['findings'][number]['pictures'] => {
      const row = byId.get(id);
      if (row === undefined) return [];
      const { className, digest, split, width, height } = row;
      return [{ id, className, digest, split: split ?? null, width: width ?? null, height: height ?? null }];
    });
  return {
    kinds: sections.map(({ kind, severity, title, advice, findings }) => ({
      kind,
      severity,
      title,
      advice,
      count: findings.length,
    })),
    kind: section?.kind ?? null,
    total: section?.findings.length ?? 0,
    offset,
    findings: (section?.findings ?? []).slice(offset, offset + limit).map(({ text, pictures }) => ({
      text,
      pictures: members(pictures),
      more: Math.max(0, pictures.length - SHOWN),
    })),
    clean: [...(look?.check?.clean ?? [])],
    notRun: [...(look?.check?.notRun ?? [])],
    checking: look === null,
  };
}
