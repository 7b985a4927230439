import type { Manifest, ManifestItem } from '@atelier/artifacts';
import fc from 'fast-check';
import { publishedRows } from './published-rows.js';

const manifest = (items: readonly Partial<ManifestItem>[], header: object = {}): Manifest => ({
  header: { stage: 's', version: 1, config: {}, ...header },
  items: new Map(
    items.map((item) => [item.id as string, { key: 'k', outputs: [], ...item } as ManifestItem]),
  ),
});
const file = (path: string) => ({ path, sizeBytes: 1, sha256: '0' });

/** The names of pictures, by [sourceId, class]. */
function namesOf(sources: readonly (readonly [string, string])[]): string[] {
  const resize = manifest(sources.map(([id]) => ({ id, outputs: [file(`resized_images/${id}`)] })));
  const split = manifest(sources.map(([id, className]) => ({ id, params: { className, split: 'train' } })));
  const labels = manifest([], { classes: [...new Set(sources.map(([, name]) => name))] });
  return publishedRows({ resize, split, labels, augment: manifest([]) }, 'resized').map(({ name }) => name);
}

describe('the names of published pictures', () => {
  it.each([
    [['cat/1.jpg', 'cat'], 'cat/1'],
    [['cat/1.png', 'cat'], 'cat/1_png'],
    [['train/cat/deep/1.jpg', 'cat'], 'cat/deep_1'],
    [['IMG/0001.jpg', 'cat'], 'cat/IMG_0001'],
    [['a.b/x.tar.jpg', 'a.b'], 'a.b/x_tar'],
    [['x.jpg', 'a/b'], 'a_b/x'],
  ] as const)('of %j is %s', (source, name) => {
    expect(namesOf([source])).toEqual([name]);
  });

  it('are one folder and one file, different even where case does not count, and no key of WebDataset is cut', () => {
    const part = fc.stringMatching(/^[aA.b_é]{1,3}$/);
    const source = fc.tuple(
      fc.array(part, { minLength: 1, maxLength: 3 }),
      fc.constantFrom('a', 'A', 'b/c', '.'),
    );
    fc.assert(
      fc.property(fc.uniqueArray(source, { selector: ([parts]) => parts.join('/') }), (sources) => {
        const names = namesOf(sources.map(([parts, className]) => [parts.join('/'), className]));
        expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(sources.length);
        for (const name of names) expect(name).toMatch(/^[^/]+\/[^/.]+$/u);
      }),
    );
  });
});
