import { runPython } from '@atelier/readers';
import fc from 'fast-check';
import {
  initialPlateau,
  learningRateAt,
  observeLoss,
  type PlateauOptions,
  type PlateauState,
} from './schedules.js';

const plateau: PlateauOptions = {
  name: 'reduce_on_plateau',
  factor: 0.5,
  patience: 2,
  minDelta: 0.01,
  minLearningRate: 0.02,
};

const at = (epoch: number, epochs = 10) => ({ epoch, epochs });

describe('learningRateAt', () => {
  it('stays for "constant"', () => {
    expect(learningRateAt({ name: 'constant' }, 0.1, at(7.5))).toBe(0.1);
  });

  it('falls at the end of every so many epochs for "step"', () => {
    const rates = [0, 2.99, 3, 6].map((epoch) =>
      learningRateAt({ name: 'step', everyEpochs: 3, factor: 0.1 }, 1, at(epoch)),
    );
    expect(rates).toEqual([1, 1, 0.1, 0.1 ** 2]);
  });

  it('rises linearly, then follows half a cosine for "cosine"', () => {
    const schedule = { name: 'cosine', warmupEpochs: 2, minLearningRate: 0.2 } as const;
    const rates = [0, 1, 2, 6, 10, 11].map((epoch) => learningRateAt(schedule, 1, at(epoch)));
    [0, 0.5, 1, 0.6, 0.2, 0.2].forEach((rate, index) => expect(rates[index]).toBeCloseTo(rate, 12));
  });

  it('never leaves the range between the least and the full rate', () => {
    const schedules = [
      { name: 'cosine', warmupEpochs: 0, minLearningRate: 0.001 },
      { name: 'step', everyEpochs: 2, factor: 0.3 },
      plateau,
    ] as const;
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 30, noNaN: true }),
        fc.constantFrom(...schedules),
        (epoch, schedule) => {
          const rate = learningRateAt(schedule, 0.1, at(epoch, 30));
          expect(rate).toBeGreaterThan(0);
          expect(rate).toBeLessThanOrEqual(0.1);
        },
      ),
    );
  });

  it('names what it does not know', () => {
    expect(() => learningRateAt({ name: 'linear' } as never, 1, at(0))).toThrow(/"linear" is no schedule/);
  });
});

describe('observeLoss', () => {
  it('gives the rates that ReduceLROnPlateau of Keras gives', () => {
    const losses = [1, 0.9, 0.895, 0.894, 0.5, 0.5, 0.5, 0.5, 0.5, 0.495, 0.49, 0.4, 0.45, 0.46, 0.47, 0.48];
    let state: PlateauState = initialPlateau;
    const rates = losses.map((loss, epoch) => {
      state = observeLoss(plateau, state, loss);
      return learningRateAt(plateau, 0.1, { ...at(epoch + 1), plateau: state });
    });
    const keras = runPython(
      `
import keras, numpy as np
model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
callback = keras.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.5, patience=2, min_delta=0.01, min_lr=0.02)
callback.set_model(model)
callback.on_train_begin()
RESULT = []
for epoch, loss in enumerate(ARGS):
    callback.on_epoch_end(epoch, {"loss": loss})
    RESULT.append(float(model.optimizer.learning_rate.numpy()))
`,
      losses,
    ) as number[];
    expect(new Set(rates).size).toBeGreaterThan(2);
    rates.forEach((rate, index) => expect(rate).toBeCloseTo(keras[index]!, 7));
  });
});
