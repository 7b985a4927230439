import { parseDatasetConfig, randomStream } from '@atelier/core';
import { bfloat16Problem, thisProcessor } from '@atelier/graph';
import { seedModel } from '@atelier/model';
import { graphEngine } from './graph-engine.js';
import { layersEngine } from './layers-engine.js';
import type { EngineInput } from './train-engine.js';

const { train } = parseDatasetConfig({ train: { precision: 'mixed_bfloat16' } }, 'dataset.json');

const input = async (): Promise<EngineInput> => ({
  model: await seedModel({
    shape: [16, 16, 3],
    classes: 3,
    seed: 7,
    standardize: null,
    network: { filters: [4, 8], dropout: 0, denseUnits: 16 },
  }),
  options: { ...train, classWeights: null },
});

describe('mixed_bfloat16', () => {
  it('trains where the processor has bfloat16 products, and is refused with the reason where not', async () => {
    const problem = bfloat16Problem(thisProcessor());
    if (problem !== null) {
      await expect(input().then(graphEngine)).rejects.toMatchObject({ code: 'CONFIG_INVALID', problem });
      return;
    }
    const engine = await graphEngine(await input());
    const random = randomStream(1, ['precision']);
    const pixels = Uint8Array.from({ length: 6 * 768 }, () => random.below(256));
    const batch = { pixels, labels: Int32Array.of(0, 1, 2, 0, 1, 2) };
    const losses: number[] = [];
    for (let seed = 0; seed < 40; seed++) {
      losses.push((await engine.train(batch, { learningRate: 0.003, seed })).loss);
    }
    expect(losses.at(-1)).toBeLessThan((losses[0] as number) / 4);
    engine.dispose();
  });

  it('is refused by the layers engine', async () => {
    const refused = layersEngine(await input(), { name: 'cpu', title: 'cpu' });
    await expect(refused).rejects.toMatchObject({ code: 'CONFIG_INVALID', exitCode: 2 });
  });
});
