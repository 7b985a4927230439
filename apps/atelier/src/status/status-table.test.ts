import type { StageStatus } from '@atelier/pipeline';
import { quarantineTable, statusTable } from './status-table.js';

const status = (fields: Partial<StageStatus>): StageStatus => ({
  stage: 'resize',
  folder: 'resized_images',
  state: 'stale',
  items: 3,
  quarantined: 0,
  waitsFor: [],
  next: { done: 0, resumed: 0, kept: 3, removed: 0, completed: false, reasons: [] },
  noun: 'picture',
  warnings: [],
  problem: null,
  ...fields,
});

const next = (fields: Partial<NonNullable<StageStatus['next']>>) => ({
  done: 0,
  resumed: 0,
  kept: 0,
  removed: 0,
  completed: false,
  reasons: [],
  ...fields,
});

describe('statusTable', () => {
  it('has a row per stage, and escapes names', async () => {
    const reasons = [{ reason: 'new', count: 1, examples: ['a/\u001b[2J\u202e.jpg'] }];
    const table = await statusTable([
      status({ stage: 'ingest', state: 'fresh' }),
      status({ next: next({ reasons }) }),
    ]);
    expect(table).toMatch(/ingest .*fresh/);
    expect(table).toMatch(/resize .*stale .*1 new \(a\/\\u\{1b\}\[2J\\u\{202e\}\.jpg\)/);
    expect(table).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });
});

describe('quarantineTable', () => {
  const file = {
    stage: 'resize',
    path: 'images/a\n.jpg',
    reason: 'it is cut',
    remedy: 'Replace it.',
    committed: true,
  } as const;

  it('says what, where, why and what to do', async () => {
    const table = await quarantineTable([file, { ...file, path: 'b', committed: false }]);
    const cells = table.split('\n').map((line) => line.split('│').map((cell) => cell.trim()));
    expect(cells[1]).toEqual(['', 'file', 'stage', 'what is wrong', 'what to do', '']);
    expect(cells[3]).toEqual(['', 'images/a\\u{a}.jpg', 'resize', 'it is cut', 'Replace it.', '']);
    expect(cells[4]?.slice(1, 3)).toEqual(['b', 'resize (not committed)']);
    expect(await quarantineTable([])).toBe('nothing is in quarantine');
  });

  it('fits in the terminal and loses nothing, however long the texts are', async () => {
    const long = {
      ...file,
      reason: `${'it is cut '.repeat(9)}${'x'.repeat(70)}`,
      remedy: 'Mend it. '.repeat(20),
    };
    const table = await quarantineTable([long], 100);
    expect(Math.max(...table.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    const column = (i: number) =>
      table
        .split('\n')
        .slice(3, -1)
        .map((line) => (line.split('│')[i] as string).trim())
        .join(' ');
    expect(column(3).replace(/ /g, '')).toBe(long.reason.replace(/ /g, ''));
    expect(column(4).trim()).toBe(long.remedy.trim());
    expect(column(1).trim()).toBe('images/a\\u{a}.jpg');
  });
});
