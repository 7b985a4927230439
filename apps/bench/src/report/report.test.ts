import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { measuredTask } from '../testing/measured.js';
import { consoleReport } from './console-report.js';
import { markdownPage, markdownTable } from './markdown.js';
import { summarizeTask, type Results } from './results.js';
import { gigabytes, milliseconds, noteLines, taskRows } from './rows.js';
import { reportText, writeReport } from './report.js';
import { rerunReport } from './rerun-report.js';
import { writeResults } from './write-results.js';

const results: Results = {
  formatVersion: 1,
  measuredOn: '2026-01-31',
  machine: { cpu: 'Some CPU', cores: 2, memoryBytes: 8e9, system: 'Linux 6 x64', loadBefore: 0.1 },
  versions: { node: '20.20.2', keras: '3.15.1' },
  settings: {
    steps: 3,
    rounds: 2,
    warmup: 1,
    size: 300,
    batchSize: 32,
    classes: 49,
    pictures: 320,
    evaluateBatches: 10,
  },
  xla: { xla: false, mediansMs: { without: 321, with: 1234 } },
  tasks: [
    summarizeTask(measuredTask('train', [75, 40, 100, 110, 500, 300], [1.25e9, 1e9, 2e9, 2e9, 4e9, 3e9])),
  ],
};

describe('rows', () => {
  it.each([
    [0.1234, '0.12 ms'],
    [12.34, '12.3 ms'],
    [123.4, '123 ms'],
    [1234, '1.23 s'],
    [12_345, '12.3 s'],
  ])('writes %d ms as %s', (ms, text) => expect(milliseconds(ms)).toBe(text));

  it('writes bytes as gigabytes', () => expect(gigabytes(1_640_000_000)).toBe('1.64 GB'));

  it('have a cell for each column', () => {
    const [ours, , keras] = taskRows(results.tasks[0]!);
    expect(ours).toEqual(['graph', '150 ms', '113 ms - 188 ms', '3', '', '', '1.25 GB', '']);
    expect(keras).toEqual([
      'Keras train_on_batch',
      '200 ms',
      '150 ms - 250 ms',
      '3',
      '0.75',
      '0.75 - 0.75',
      '2.00 GB',
      '0.63',
    ]);
  });
});

describe('noteLines', () => {
  it('says how XLA was decided', () => {
    expect(noteLines(results).join('\n')).toMatch(
      /without XLA: the faster here: 321 ms a step without it, 1.23 s/,
    );
  });

  it('warns of a busy machine, and only of one', () => {
    const busy = { ...results, machine: { ...results.machine, loadBefore: 3 } };
    expect(noteLines(busy).join()).toMatch(/Other work/);
    expect(noteLines(results).join()).not.toMatch(/Other work/);
  });

  it('tells of disturbed turns', () => {
    const tasks = results.tasks.map((task) => ({ ...task, disturbedTurns: 2 }));
    expect(noteLines({ ...results, tasks }).join()).toMatch(/In 2 turns/);
  });
});

describe('markdown', () => {
  it('escapes what would end a cell', () => {
    expect(markdownTable(['a'], [['x|y']])).toBe('| a |\n| --- |\n| x\\|y |');
  });

  it('holds the table, the verdicts and the settings of every contender', () => {
    const page = markdownPage(results);
    expect(page).toContain('| Keras train_on_batch | 200 ms |');
    expect(page).toContain('time against Keras train_on_batch: 0.75, at most 0.80 wanted: reached');
    for (const { name, settings } of results.tasks[0]!.contenders)
      expect(page).toContain(`- ${name}: ${settings}.`);
  });
});

describe('consoleReport', () => {
  it('shows every contender in one line of a table', () => {
    const text = consoleReport(results);
    for (const { name } of results.tasks[0]!.contenders) expect(text).toMatch(new RegExp(`│ ${name} +│ `));
  });
});

describe('writeResults', () => {
  it('writes JSON that reads back and the page, formatted', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'bench-'));
    try {
      const [json, page] = (await writeResults(folder, results)) as [string, string];
      expect(JSON.parse(await readFile(json, 'utf8'))).toEqual(results);
      expect(await readFile(page, 'utf8')).toMatch(/^# Training.*\n\n[^]*\| graph +\| 150 ms +\|/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('rerunReport', () => {
  const { machine, measuredOn } = results;
  const redone = { resize: 1, augment: 5, normalize: 205 };
  const row = {
    change: 'one picture added',
    contender: 'Atelier',
    wallMs: 2_140,
    cpuMs: null,
    redone,
  } as const;
  const report = rerunReport({
    formatVersion: 1,
    measuredOn,
    machine,
    dvc: '3.67.1',
    pictures: 40,
    rows: [row],
  });

  it('shows times and pictures on a terminal', () => {
    expect(reportText(report)).toMatch(
      /│ one picture added │ Atelier +│ 2\.1 s │ not known +│ 1 +│ 5 +│ 205 +│/,
    );
    expect(reportText(report)).toContain('DVC 3.67.1; 40 pictures, five of each');
  });

  it('is written as JSON that reads back and as a page', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'bench-'));
    try {
      const [json, page] = (await writeReport(folder, report)) as [string, string];
      expect(path.basename(json)).toBe('benchmark-rerun.json');
      expect(JSON.parse(await readFile(json, 'utf8'))).toMatchObject({ dvc: '3.67.1', rows: [row] });
      expect(await readFile(page, 'utf8')).toMatch(
        /^# What a change costs.*\n\n.*--only rerun[^]*\| Atelier +\| 2.1 s +\|/,
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
