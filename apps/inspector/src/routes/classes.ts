import { SPLITS } from '@atelier/core';
import { z } from 'zod';
import type { ArtifactStore } from '../dataset/artifact-store.js';
import { failures, type Routes } from '../server/api.js';

const classRow = z.object({
  index: z.number().describe('Its index in the class table.'),
  name: z.string(),
  train: z.number(),
  validation: z.number(),
  test: z.number(),
  none: z.number().describe('In no split.'),
  quarantined: z.number(),
  total: z.number().describe('Pictures that can be used.'),
});

/** Classes and splits. */
export const classes = z.object({
  rows: z.array(classRow),
  hasSplit: z.boolean(),
  largest: z.number(),
  smallest: z.number().describe('Of the classes that have pictures.'),
  findings: z.array(
    z.object({
      kind: z.string(),
      severity: z.enum(['error', 'warning', 'note']),
      title: z.string(),
      advice: z.string(),
      texts: z.array(z.string()),
    }),
  ),
  checking: z.boolean(),
});

/** Classes and splits. */
export type Classes = z.infer<typeof classes>;

/** The kinds of findings that are about classes. */
const KINDS = ['empty-class', 'class-imbalance', 'class-lacks-split', 'class-twins', 'class-name-forms'];

/** Pictures by class and split. */
export const classRoutes: Routes = (app, { store }) => {
  app.get(
    '/api/classes',
    { schema: { summary: 'Pictures by class and split', response: { 200: classes, ...failures } } },
    () => countClasses(store),
  );
};

async function countClasses(store: ArtifactStore): Promise<Classes> {
  const [{ rows, classNames }, labels, look] = [
    await store.pictures(),
    await store.stage('labels'),
    store.look(),
  ];
  const table = labels.kind === 'read' ? (labels.index.header['classes'] as readonly string[]) : classNames;
  const names = [...table, ...classNames.filter((name) => !table.includes(name))];
  const counts = new Map(
    names.map((name, index) => [
      name,
      { index, name, train: 0, validation: 0, test: 0, none: 0, quarantined: 0, total: 0 },
    ]),
  );
  for (const { className, split, quarantined } of rows) {
    const of = counts.get(className);
    if (of === undefined) continue;
    if (quarantined) of.quarantined += 1;
    else {
      of[split ?? 'none'] += 1;
      of.total += 1;
    }
  }
  const all = [...counts.values()];
  const sizes = all.map(({ total }) => total).filter((total) => total > 0);
  return {
    rows: all,
    hasSplit: rows.some(({ split }) => split !== undefined && SPLITS.includes(split)),
    largest: Math.max(0, ...sizes),
    smallest: sizes.length === 0 ? 0 : Math.min(...sizes),
    findings: (look?.check?.sections ?? [])
      .filter(({ kind }) => KINDS.includes(kind))
      .map(({ kind, severity, title, advice, findings }) => ({
        kind,
        severity,
        title,
        advice,
        texts: findings.map(({ text }) => text),
      })),
    checking: look === null,
  };
}
