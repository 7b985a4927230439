import type { RawCommand } from '../command.js';
import { runBench, runInspector, runTrainer, type TrainerCommand } from '../trainer-program.js';

/** A command of the trainer's own program, with the exit code that it ends with. */
const trainerCommand = (name: TrainerCommand, about: Omit<RawCommand, 'name' | 'runRaw'>): RawCommand => ({
  name,
  ...about,
  async runRaw(args) {
    process.exitCode = await runTrainer(name, args);
  },
});

/** `atelier train`: trains on the normalized shards. */
export const train = trainerCommand('train', {
  description: 'train a classifier on the preprocessed dataset',
});

/** `atelier evaluate`: judges a trained model by the test split. */
export const evaluate = trainerCommand('evaluate', {
  description: 'judge a trained model by the test split',
});

/** `atelier predict PATHS…`: classes of pictures, and of folders of pictures. */
export const predict = trainerCommand('predict', {
  takes: '<paths..>',
  description: 'name the classes of pictures, or of folders of them',
});

/** `atelier export`: the model in the formats of other programs. */
export const exportModel = trainerCommand('export', {
  description: 'write a trained model as TF.js, SavedModel, ONNX and Keras files',
});

/** `atelier bench`: the same work done by Atelier and by its peers, in one run. */
export const bench: RawCommand = {
  name: 'bench',
  description: 'measure side by side with Keras, tfjs-node and others',
  async runRaw(args) {
    process.exitCode = await runBench(args);
  },
};

/** `atelier inspect`: a local web page on every artifact; changes nothing. */
export const inspect: RawCommand = {
  name: 'inspect',
  description: 'open a local web page on every artifact of the dataset; changes nothing',
  async runRaw(args) {
    process.exitCode = await runInspector(args);
  },
};
