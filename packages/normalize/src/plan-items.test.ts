import { parseDatasetConfig, type Split } from '@atelier/core';
import { planItems, type NormalizeItem, type SampleRow } from './plan-items.js';

const config = parseDatasetConfig({}, '');

/** The samples of so many sources, in the order of their ids. */
function samples(sources: number, variants: number, split: Split = 'train'): SampleRow[] {
  return Array.from({ length: sources * variants }, (_, i) => {
    const source = `cat/${String(Math.floor(i / variants)).padStart(4, '0')}.png`;
    const variant = i % variants;
    return {
      sampleId: `${source}#${variant}`,
      sourceId: source,
      variant,
      split,
      classIndex: 0,
      path: `generated_images/${source}_${variant}.jpg`,
      sha256: `digest of ${source} ${variant}`,
    };
  });
}

const megabyte = 1024 * 1024;
const plan = (rows: readonly SampleRow[], pictureBytes: number) =>
  planItems(rows, { config, statistics: null, pictureBytes });
const work = (item: { work?: unknown }) => item.work as NormalizeItem;

describe('shards', () => {
  it('are named by split, number and count', () => {
    const rows = [...samples(2, 1), ...samples(1, 1, 'validation'), ...samples(1, 1, 'test')];
    expect(plan(rows, 100).flatMap((item) => item.outputs)).toEqual([
      'normalized/train-00000-of-00001.arrow',
      'normalized/validation-00000-of-00001.arrow',
      'normalized/test-00000-of-00001.arrow',
    ]);
    const many = plan(samples(50, 5), megabyte).map((item) => item.id);
    expect(many).toEqual([0, 1, 2, 3].map((i) => `train-0000${i}-of-00004`));
  });

  it('hold every sample once, a source and its variants together, in order', () => {
    const rows = samples(200, 5);
    const items = plan(rows, megabyte);
    expect(items).toHaveLength(16);
    const held = items.flatMap((item) => work(item).rows.map((row) => row.sampleId));
    expect([...held].sort()).toEqual(rows.map((row) => row.sampleId).sort());
    const places = new Map<string, Set<string>>();
    for (const item of items) {
      const ids = work(item).rows.map((row) => row.sampleId);
      expect(ids).toEqual([...ids].sort());
      for (const row of work(item).rows) {
        places.set(row.sourceId, (places.get(row.sourceId) ?? new Set()).add(item.id));
      }
    }
    expect([...places.values()].every((shards) => shards.size === 1)).toBe(true);
    const sizes = items.map((item) => work(item).rows.length);
    expect(Math.max(...sizes)).toBeLessThan(2.5 * (1000 / 16));
  });

  it('a changed picture changes what one of them is made from, and no other', () => {
    const rows = samples(200, 5);
    const changed = rows.map((row) => (row.sourceId === 'cat/0042.png' ? { ...row, sha256: 'other' } : row));
    const inputsOf = (list: readonly SampleRow[]) =>
      plan(list, megabyte).map((item) => JSON.stringify(item.inputs));
    const [before, after] = [inputsOf(rows), inputsOf(changed)];
    expect(before.filter((inputs, i) => inputs !== after[i])).toHaveLength(1);
  });

  it('an added picture changes one of them, as long as their number stays', () => {
    const [before, after] = [199, 200].map((count) => plan(samples(count, 5), megabyte));
    expect(before?.length).toBe(after?.length);
    const differing = before?.filter(
      (item, i) => JSON.stringify(item.params) !== JSON.stringify(after?.[i]?.params),
    );
    expect(differing).toHaveLength(1);
  });

  it('without a row still say which split they are of', () => {
    const items = plan(samples(2, 10), 60 * megabyte);
    expect(items).toHaveLength(32);
    expect(items.filter((item) => work(item).rows.length === 0).length).toBeGreaterThanOrEqual(30);
    for (const item of items) {
      expect(item.params).toMatchObject({ split: 'train', rows: work(item).rows.length });
    }
  });

  it('are none where a split has no picture', () => {
    expect(plan(samples(3, 1, 'test'), 100).map((item) => item.id)).toEqual(['test-00000-of-00001']);
    expect(plan([], 100)).toEqual([]);
  });
});

describe('what a file depends on', () => {
  const settings = (dtype: string, more: Record<string, unknown> = {}) => {
    const own = parseDatasetConfig({ normalize: { dtype, ...more } }, '');
    return planItems(samples(1, 1), { config: own, statistics: null, pictureBytes: 100 }).map(
      (item) => item.settings,
    );
  };

  it('on its dtype and statistics, not on what else is written', () => {
    expect(settings('float32')).not.toEqual(settings('float16'));
    expect(settings('float32', { npz: true })[0]).toEqual(settings('float32')[0]);
  });

  it('on the class of each of its samples', () => {
    const rows = samples(2, 1);
    const relabelled = rows.map((row) => ({ ...row, classIndex: 1 }));
    expect(plan(rows, 100)[0]?.params).not.toEqual(plan(relabelled, 100)[0]?.params);
  });
});
