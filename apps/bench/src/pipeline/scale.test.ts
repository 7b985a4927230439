import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { scaleReport } from '../report/scale-report.js';
import { runScale, type ScaleRow } from './scale.js';

describe('runScale', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'bench-scale-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('measures each stage and the line, and takes over what it had measured before it was stopped', async () => {
    const size = { pictures: 60, imagesPerSource: 2 };
    const place = { folder, repeats: 1, report: () => undefined };
    const { rows } = await runScale([size], { ...place, resume: false });
    const samples = 120; // two pictures of a class are too few for three splits: all of them train
    expect(rows.map(({ what, items }) => [what, items])).toEqual([
      ['ingest', 60],
      ['resize', 60],
      ['labels', 60],
      ['split', 60],
      ['augment', samples],
      ['normalize', samples],
      ['nothing changed', samples],
      ['one picture changed', samples],
    ]);
    for (const row of rows)
      expect(Math.min(row.wallMs, row.cpuMs ?? 1, row.peakMemoryBytes ?? 1)).toBeGreaterThan(0);

    const file = path.join(folder, 'scale-60x2/measured.json');
    const known = JSON.parse(await readFile(file, 'utf8')) as ScaleRow[];
    expect(known).toEqual(rows);
    await writeFile(file, JSON.stringify(known.filter(({ what }) => what !== 'normalize')));
    const again = await runScale([size], { ...place, resume: true });
    expect(again.rows.filter((row, i) => row.wallMs !== rows[i]?.wallMs).map(({ what }) => what)).toEqual([
      'normalize',
    ]);
  });
});

describe('scaleReport', () => {
  const row = (pictures: number, changed: Partial<ScaleRow> = {}): ScaleRow => ({
    pictures,
    imagesPerSource: 1,
    what: 'nothing changed',
    items: pictures,
    wallMs: 1_900,
    cpuMs: pictures,
    peakMemoryBytes: 100e6,
    ...changed,
  });
  const report = (...rows: ScaleRow[]) =>
    scaleReport({
      formatVersion: 1,
      measuredOn: '2026-01-31',
      machine: { cpu: 'Some CPU', cores: 2, memoryBytes: 8e9, system: 'Linux 6 x64', loadBefore: 0.1 },
      repeats: 3,
      rows,
    });

  it('compares sizes of the same kind', () => {
    const [table] = report(
      row(1_000),
      row(10_000),
      row(10_500, { imagesPerSource: 5, items: 44_100 }),
    ).sections;
    expect(table?.title).toBe('Nothing changed');
    expect(table?.rows).toEqual([
      ['1,000', '1,000', '1.90 s', '1.00 s', '1.00 s', '', '100 MB'],
      ['10,000', '10,000', '1.90 s', '10.00 s', '1.00 s', '10.0 x for 10.0 x', '100 MB'],
      ['10,500', '44,100', '1.90 s', '10.50 s', '0.24 s', '', '100 MB'],
    ]);
  });

  it('says of about 44,000 items whether the goals were reached', () => {
    const changed = { what: 'one picture changed', wallMs: 4_100 } as const;
    const facts = report(row(1_000), row(44_000), row(44_000, changed)).facts.slice(1);
    expect(facts).toEqual([
      'nothing changed at 44,000 items: 1.90 s, at most 2.00 s wanted: reached',
      'one picture changed at 44,000 items: 4.10 s, at most 4.00 s wanted: not reached',
    ]);
  });
});
