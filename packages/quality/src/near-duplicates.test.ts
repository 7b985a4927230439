import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { MAX_DISTANCE, nearDuplicateGroups, type Likeness } from './near-duplicates.js';

type Source = Likeness & { readonly id: string };

const digest = (content: string) => createHash('sha256').update(content).digest('hex');
const source = (id: string, content = id, more: Partial<Likeness> = {}): Source => ({
  id,
  sha256: digest(content),
  dhash: digest(`looks of ${content}`).slice(0, 16),
  detail: 40,
  ...more,
});

const groupsOf = (sources: readonly Source[], byHash = true) =>
  nearDuplicateGroups(sources, { byHash }).map((members) => members.map(({ id }) => id));
const looking = (id: string, dhash: string, detail = 40) => source(id, id, { dhash, detail });

describe('nearDuplicateGroups', () => {
  it('joins what differs in 5 bits and not what differs in 6', () => {
    const zero = looking('a/0', '0000000000000000');
    expect(groupsOf([zero, looking('a/5', '8000000180000101')])).toEqual([['a/0', 'a/5']]);
    expect(groupsOf([zero, looking('a/6', '8000000180000111')])).toEqual([['a/0'], ['a/6']]);
  });

  it('finds every close pair, wherever the differing bits lie', () => {
    const hashes = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    const places = fc.uniqueArray(fc.integer({ min: 0, max: 63 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(hashes, places, (hash, bits) => {
        const other = bits.reduce((value, bit) => value ^ (1n << BigInt(bit)), hash);
        const text = (value: bigint) => value.toString(16).padStart(16, '0');
        const groups = groupsOf([looking('a/1', text(hash)), looking('a/2', text(other))]);
        expect(groups).toHaveLength(bits.length <= MAX_DISTANCE ? 1 : 2);
      }),
      { numRuns: 500 },
    );
  });

  it('joins chains: what is near to something near', () => {
    const chain = ['0000000000000000', '000000000000001f', '00000000000003ff'].map((hash, i) =>
      looking(`a/${i}`, hash),
    );
    expect(groupsOf(chain)).toEqual([['a/0', 'a/1', 'a/2']]);
  });

  it('never joins blank pictures by their looks: their hashes say nothing', () => {
    const blank = [looking('a/white', '0000000000000000', 0), looking('a/cream', '0000000000000000', 3.9)];
    expect(groupsOf(blank)).toEqual([['a/white'], ['a/cream']]);
    expect(groupsOf([...blank, looking('a/full', '0000000000000000')])).toEqual([
      ['a/white'],
      ['a/cream'],
      ['a/full'],
    ]);
    const same = blank.map((picture) => ({ ...picture, sha256: digest('white') }));
    expect(groupsOf(same)).toEqual([['a/white', 'a/cream']]);
  });

  it('joins the same bytes even where looks are left aside', () => {
    const copies = [source('a/1', 'x'), source('a/2', 'y'), source('b/1', 'x')];
    expect(groupsOf(copies, false)).toEqual([['a/1', 'b/1'], ['a/2']]);
  });

  it('groups as comparing all pairs would', () => {
    const nearby = fc.tuple(fc.constantFrom(0n, 2n ** 63n - 1n), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
    const sparse = nearby.map(([base, bits]) => base ^ (bits & (bits >> 7n) & (bits >> 23n) & (bits >> 31n)));
    fc.assert(
      fc.property(fc.array(sparse, { maxLength: 40 }), (hashes) => {
        const sources = hashes.map((hash, i) => looking(`a/${i}`, hash.toString(16).padStart(16, '0')));
        const groups = groupsOf(sources).map((members) => new Set(members));
        const groupOf = (i: number) => groups.findIndex((members) => members.has(`a/${i}`));
        const linked = hashes.map((_, i) => i); // by all pairs, again and again until nothing changes
        for (let changed = true; changed;) {
          changed = false;
          hashes.forEach((a, i) =>
            hashes.forEach((b, j) => {
              const bits = (a ^ b).toString(2).replaceAll('0', '').length;
              const [x, y] = [linked[i] as number, linked[j] as number];
              if (bits > MAX_DISTANCE || x === y) return;
              linked[i] = linked[j] = Math.min(x, y);
              changed = true;
            }),
          );
        }
        hashes.forEach((_, i) =>
          hashes.forEach((__, j) => expect(groupOf(i) === groupOf(j)).toBe(linked[i] === linked[j])),
        );
      }),
    );
  });
});
