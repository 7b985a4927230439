import { loadStages, PIPELINE } from './pipeline.js';

describe('loadStages', () => {
  it('gives all stages in their order, each reading only what comes before it', async () => {
    const stages = await loadStages();
    expect(stages.map(({ name }) => name)).toEqual(PIPELINE);
    for (const [index, { inputs }] of stages.entries()) {
      for (const input of inputs) expect(PIPELINE.indexOf(input)).toBeLessThan(index);
    }
  });

  it('puts the named ones in order, each once', async () => {
    const stages = await loadStages(['augment', 'resize', 'augment']);
    expect(stages.map(({ name }) => name)).toEqual(['resize', 'augment']);
  });

  it.each([
    ['resise', 'resize'],
    ['normalise', 'normalize'],
    ['label', 'labels'],
  ])('names the stage nearest to %s', async (wrong, right) => {
    await expect(loadStages(['ingest', wrong])).rejects.toThrow(`Did you mean ${right}?`);
  });
});
