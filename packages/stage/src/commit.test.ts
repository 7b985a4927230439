import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readManifest, sha256, writeManifest, type Manifest } from '@atelier/artifacts';
import { carryOut, decide, recover, stageFolder, type StageFolder } from './commit.js';
import { treeOf, writeText } from './testing/toy-stage.js';

const manifest = (files: Readonly<Record<string, string>>): Manifest => ({
  header: { stage: 'resize', version: 1, config: {} },
  items: new Map(
    Object.entries(files).map(([path, text]) => [
      path,
      { id: path, key: text, outputs: [{ path, sizeBytes: text.length, sha256: sha256(text) }] },
    ]),
  ),
});

const before = {
  'resized_images/a/1.jpg': 'one',
  'resized_images/b/2.jpg': 'two',
  'resized_images/c': 'a file',
};
const staged = { 'resized_images/a/1.jpg': 'ONE', 'resized_images/c/3.jpg': 'three' };

/** A committed state, and the next one staged but not begun. */
async function prepare(): Promise<StageFolder> {
  const root = mkdtempSync(join(tmpdir(), 'atelier-commit-'));
  const folder = stageFolder(root, 'resize');
  for (const [path, text] of Object.entries(before)) writeText(join(root, path), text);
  await writeManifest(folder.manifest, manifest(before));
  for (const [path, text] of Object.entries(staged)) writeText(join(folder.staged, path), text);
  return folder;
}

const commit = async (folder: StageFolder) => {
  await decide(folder, { previous: undefined, next: manifest(staged) });
  await carryOut(folder, { previous: manifest(before), next: manifest(staged) });
};

const expectDone = async (folder: StageFolder) => {
  const { 'resized_images/manifest.jsonl': _manifest, ...files } = treeOf(folder.root);
  expect(files).toEqual(staged);
  expect([...((await readManifest(folder.manifest)) as Manifest).items.keys()]).toEqual(Object.keys(staged));
  expect(existsSync(folder.staging)).toBe(false);
};

describe('commit', () => {
  it('moves the new, removes the old, in one step for whoever looks', async () => {
    const folder = await prepare();
    await commit(folder);
    await expectDone(folder);
  });

  it('does nothing where no commit was decided', async () => {
    const folder = await prepare();
    const state = treeOf(folder.root);
    expect(await recover(folder)).toBe(false);
    expect(treeOf(folder.root)).toEqual(state);
  });

  it('is carried through from every state that a kill can leave', async () => {
    // the steps of a commit, each undone from the end: recover must finish from any of them
    const steps: ((folder: StageFolder) => Promise<void>)[] = [
      async (folder) => void (await decide(folder, { previous: undefined, next: manifest(staged) })),
      async (folder) => renameSync(folder.manifest, folder.previous),
      async (folder) =>
        (await import('node:fs')).rmSync(join(folder.root, 'resized_images/b'), { recursive: true }),
      async (folder) => rmSync(join(folder.root, 'resized_images/c')),
      async (folder) =>
        renameSync(
          join(folder.staged, 'resized_images/a/1.jpg'),
          join(folder.root, 'resized_images/a/1.jpg'),
        ),
    ];
    for (let done = 1; done <= steps.length; done++) {
      const folder = await prepare();
      for (const step of steps.slice(0, done)) await step(folder);
      const copy = mkdtempSync(join(tmpdir(), 'atelier-commit-copy-'));
      cpSync(folder.root, copy, { recursive: true });
      expect(await recover(stageFolder(copy, 'resize'))).toBe(true);
      await expectDone(stageFolder(copy, 'resize'));
    }
  });

  it('has whole files at every moment: none is rewritten in place', async () => {
    const folder = await prepare();
    await commit(folder);
    expect(readFileSync(join(folder.root, 'resized_images/a/1.jpg'), 'utf8')).toBe('ONE');
  });
});
