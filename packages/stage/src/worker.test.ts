import { AtelierError } from '@atelier/core';
import { parseWorkerArgs, resolveDataset } from './worker.js';

describe('parseWorkerArgs', () => {
  it('understands every option', () => {
    const args = [
      '--dataset=d',
      '--set',
      'a=1',
      '--set',
      'b=2',
      '--dry-run',
      '--concurrency',
      '3',
      '--json',
      'resize',
    ];
    expect(parseWorkerArgs(args)).toMatchObject({
      dataset: 'd',
      set: ['a=1', 'b=2'],
      dryRun: true,
      concurrency: 3,
      json: true,
      explain: false,
      positionals: ['resize'],
    });
  });

  it.each([
    ['--datset=x', '--dataset'],
    ['--dryrun', '--dry-run'],
    ['--explian', '--explain'],
  ])('names the nearest option of %s', (arg, nearest) => {
    expect(() => parseWorkerArgs([arg])).toThrow(AtelierError);
    expect(() => parseWorkerArgs([arg])).toThrow(`Did you mean ${nearest}?`);
  });

  it.each(['0', '-1', 'many', '1.5'])('refuses --concurrency=%s', (value) => {
    expect(() => parseWorkerArgs([`--concurrency=${value}`])).toThrow(AtelierError);
  });
});

describe('under Nx', () => {
  const { NX_TASK_TARGET_PROJECT } = process.env;
  afterEach(() => {
    if (NX_TASK_TARGET_PROJECT === undefined) delete process.env['NX_TASK_TARGET_PROJECT'];
    else process.env['NX_TASK_TARGET_PROJECT'] = NX_TASK_TARGET_PROJECT;
  });

  it('lets the options of train pass, which Nx hands to every stage before it; alone it refuses them', () => {
    const args = ['--dataset=d', '--resume', '--run', 'mine'];
    delete process.env['NX_TASK_TARGET_PROJECT'];
    expect(() => parseWorkerArgs(args)).toThrow(AtelierError);
    process.env['NX_TASK_TARGET_PROJECT'] = 'resize';
    expect(parseWorkerArgs(args)).toMatchObject({ dataset: 'd', positionals: [] });
    expect(() => parseWorkerArgs(['--resmue'])).toThrow(AtelierError);
  });
});

describe('resolveDataset', () => {
  it('starts where the person is, also under Nx', () => {
    const { NX_TASK_TARGET_PROJECT, INIT_CWD } = process.env;
    process.env['NX_TASK_TARGET_PROJECT'] = 'resize';
    process.env['INIT_CWD'] = '/home/anna';
    try {
      expect(resolveDataset('paintings')).toBe('/home/anna/paintings');
      expect(resolveDataset('/data/paintings')).toBe('/data/paintings');
    } finally {
      if (NX_TASK_TARGET_PROJECT === undefined) delete process.env['NX_TASK_TARGET_PROJECT'];
      if (INIT_CWD === undefined) delete process.env['INIT_CWD'];
      else process.env['INIT_CWD'] = INIT_CWD;
    }
  });
});
