import fc from 'fast-check';
import { dealShards } from './deal-shards.js';
import type { PublishedRow } from './published-rows.js';

const row = (sourceId: string, variant: number, more: Partial<PublishedRow> = {}): PublishedRow => ({
  sampleId: `${sourceId}#${variant}`,
  sourceId,
  variant,
  split: 'train',
  className: 'a',
  classIndex: 0,
  path: sourceId,
  sizeBytes: 10,
  sha256: '',
  name: sourceId,
  ...more,
});
const bytesOf = ({ sizeBytes }: PublishedRow) => sizeBytes;

const someRows = fc
  .uniqueArray(fc.tuple(fc.string({ minLength: 1, maxLength: 4 }), fc.constantFrom('train', 'test')), {
    selector: ([id]) => id,
    maxLength: 30,
  })
  .map((sources) => sources.flatMap(([id, split]) => [row(id, 0, { split }), row(id, 1, { split })]));

describe('dealShards', () => {
  it('puts every row in one shard of its split, whatever the order in which they come', () => {
    fc.assert(
      fc.property(someRows, fc.integer({ min: 1, max: 300 }), fc.gen(), (rows, maxShardBytes, gen) => {
        const shards = dealShards(rows, { maxShardBytes, bytesOf });
        expect(shards.flatMap((shard) => shard.rows.map(({ sampleId }) => sampleId)).sort()).toEqual(
          rows.map(({ sampleId }) => sampleId).sort(),
        );
        for (const { split, rows, index, count } of shards) {
          expect(rows.length).toBeGreaterThan(0);
          expect(rows.every((member) => member.split === split)).toBe(true);
          expect(index).toBeLessThan(count);
        }
        const shuffled = gen(fc.shuffledSubarray, rows, { minLength: rows.length });
        expect(dealShards(shuffled, { maxShardBytes, bytesOf })).toEqual(shards);
      }),
    );
  });

  it('keeps a source and its variants together, near the size asked for, the classes mixed', () => {
    const rows = Array.from({ length: 400 }, (_, i) =>
      [0, 1].map((v) => row(`s${i}`, v, { classIndex: i >> 7 })),
    );
    const shards = dealShards(rows.flat(), { maxShardBytes: 1000, bytesOf });
    expect(shards.length).toBe(8); // 8,000 bytes
    for (const { rows } of shards) {
      expect(rows.length * 10).toBeLessThan(1600);
      const sources = new Set(rows.map(({ sourceId }) => sourceId));
      expect(rows.length).toBe(2 * sources.size);
      expect(new Set(rows.slice(0, 40).map(({ classIndex }) => classIndex)).size).toBeGreaterThan(2);
    }
  });
});
