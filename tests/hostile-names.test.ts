import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCsv } from '@atelier/artifacts';
import { runPython } from '@atelier/readers';
import type { RunSummary } from '@atelier/stage';
import { runPipeline } from './fixtures/run-pipeline.js';
import { atelier, runNode } from './fixtures/run-program.js';
import { smallConfig, writePicture } from './fixtures/small-dataset.js';

const ESCAPE = '\u001b[2J\u001b[31m';

/** Class folders and files whose names try something; each pair is a class and a file in it. */
const NAMES: readonly (readonly [className: string, file: string])[] = [
  ['-rf', '--config=x.png'],
  ['~', '~root.png'],
  ['$(touch pwned)', '`touch pwned`.png'],
  ['; rm -rf x', '| cat > pwned.png'],
  ['%2e%2e%2fup', '%00.png'],
  ['*', '[a-z]?.png'],
  ['C:', 'C:\\Windows\\x.png'],
  ['up\\..\\..\\up', 'a\\..\\..\\up.png'],
  ['con', 'nul.png'],
  ['COM1.txt', 'aux'],
  ['trailing dot.', 'trailing space .png'],
  ['new\nline', 'tab\tcr\r.png'],
  [`red${ESCAPE}`, `${ESCAPE}cleared.png`],
  ['right\u202eto left', 'gnp.\u202eexe.png'],
  ['separators \u2028\u2029', 'zero\u200bwidth\ufeff.png'],
  ['"quoted", class', `'single', "double".png`],
  ["=cmd|'/C calc'!A0", '=1+1.png'],
  ['@SUM(1)', '+1.png'],
  ["-2+3+cmd|' ", 'C calc!A0.png'],
  ['manifest.jsonl', 'run.json.png'],
  ['__proto__', 'constructor.png'],
  ['toString', 'hasOwnProperty.png'],
  ['x'.repeat(255), `${'y'.repeat(251)}.png`],
  ['\u00fc'.repeat(127), `${'\u{1f600}'.repeat(62)}.png`],
];

let parent: string;
let root: string;
let summaries: RunSummary[];
beforeAll(async () => {
  parent = mkdtempSync(join(tmpdir(), 'atelier-names-'));
  root = join(parent, 'dataset');
  writeFileSync(join(parent, 'bystander.txt'), 'untouched');
  mkdirSync(root);
  writeFileSync(
    join(root, 'dataset.json'),
    JSON.stringify({ ...smallConfig, limits: { quarantineBudget: { share: 1 } } }),
  );
  for (const [className, file] of NAMES) {
    await writePicture(join(root, 'images', className, file), `${className}/${file}`);
    writeFileSync(join(root, 'images', className, `bad ${file}`.slice(0, 40)), 'no picture');
  }
  const notText = Buffer.concat([Buffer.from(join(root, 'images/con/')), Buffer.from([0xff, 0xfe, 0x2e])]);
  writeFileSync(notText, 'its name is no UTF-8');
  summaries = await runPipeline(root);
});
afterAll(() => rmSync(parent, { recursive: true }));

const good = () => NAMES.map(([className, file]) => `${className}/${file}`).sort();

describe('names that try something', () => {
  it('are names: each picture gets through, under its class', async () => {
    const { rows } = await readCsv(join(root, 'labels/labels.csv'));
    expect(rows.map((row) => row['path']).sort()).toEqual(good());
    for (const row of rows) expect(`${row['path']}`.startsWith(`${row['class_name']}/`)).toBe(true);
    expect(new Set(rows.map((row) => row['class_name'])).size).toBe(NAMES.length);
  });

  it('write nothing outside of the dataset, and run nothing', () => {
    expect(readdirSync(parent).sort()).toEqual(['bystander.txt', 'dataset']);
    expect(readFileSync(join(parent, 'bystander.txt'), 'utf8')).toBe('untouched');
    const made = readdirSync(root, { recursive: true }) as string[];
    expect(made.filter((path) => /pwned$/.test(path) && !path.startsWith('images/'))).toEqual([]);
    expect(readdirSync(root).sort()).toEqual([
      'dataset.json',
      'generated_images',
      'images',
      'labels',
      'normalized',
      'resized_images',
      'sources',
      'splits',
    ]);
  });

  it('give artifacts with names that every system takes', () => {
    const folders = ['resized_images', 'generated_images'];
    const parts = folders.flatMap((folder) =>
      (readdirSync(join(root, folder), { recursive: true }) as string[]).flatMap((path) => path.split('/')),
    );
    for (const part of parts) {
      expect(part).not.toMatch(/[<>:"\\|?*\p{Cc}]|[. ]$/u);
      expect(part).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i);
      expect(Buffer.byteLength(part)).toBeLessThanOrEqual(255);
    }
  });

  it('a name that is no UTF-8 is left out and named', () => {
    expect(summaries[0]?.warnings).toContainEqual(
      expect.stringMatching(/^images\/con\/.* is left out: its name is not valid UTF-8: rename it$/),
    );
  });

  it('are told to people with what cannot be seen escaped, by every command', async () => {
    const id = `red${ESCAPE}/${ESCAPE}cleared.png`;
    rmSync(join(root, 'sources'), { recursive: true });
    for (const args of [
      ['preprocess', '--explain'],
      ['preprocess', '--explain', '--verify'],
      ['status'],
      ['status', '--quarantine'],
      ['trace', id],
      ['check', '--limit', '100'],
      ['verify'],
    ]) {
      const { stdout, stderr } = await runNode([atelier, ...args, '--dataset', root]);
      const said = `${stdout}${stderr}`;
      expect(said.length).toBeGreaterThan(0);
      expect({ args, odd: /[^\n\P{Cc}]|\p{Cf}|[\u2028\u2029]/u.exec(said)?.[0] }).toEqual({
        args,
        odd: undefined,
      });
    }
    const { stdout } = await runNode([atelier, 'status', '--quarantine', '--json', '--dataset', root]);
    const files = JSON.parse(stdout) as { path: string }[];
    expect(files.map(({ path }) => path)).toContain(`images/red${ESCAPE}/${`bad ${ESCAPE}cleared.png`}`);
  }, 120_000);
});

describe('the tables', () => {
  it('hold every name exactly, for Python as for Atelier', async () => {
    const read = runPython(
      `import csv
with open(ARGS, encoding="utf-8", newline="") as file:
    RESULT = [row["path"] for row in csv.DictReader(file)]`,
      join(root, 'labels/labels.csv'),
    );
    expect((read as string[]).sort()).toEqual(good());
    const { rows } = await readCsv(join(root, 'splits/splits.csv'));
    expect(rows.map((row) => row['path']).sort()).toEqual(good());
  });

  it('are warned of where a spreadsheet would run a name', () => {
    expect(summaries[0]?.warnings).toContainEqual(
      expect.stringMatching(/^the name ".*" and \d more would be run as a formula by a spreadsheet/),
    );
  });
});
