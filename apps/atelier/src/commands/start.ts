import { printable } from '@atelier/core';
import { parseWorkerArgs, resolveDataset, runStages } from '@atelier/stage';
import { defineCommand, printLines, SHARED_OPTIONS } from '../command.js';
import { loadStages } from '@atelier/pipeline';
import { ensureTensorFlow } from '../start/ensure-tensorflow.js';
import { examplePicture } from '../start/example-picture.js';
import { whereToLook } from '../start/where-to-look.js';
import { runTrainer } from '../trainer-program.js';

/** `atelier start`: the whole job on one dataset. What is done already is not done again. */
export const start = defineCommand({
  name: 'start',
  description: 'the whole job: install TensorFlow, preprocess, train, evaluate, predict one picture',
  options: { dataset: SHARED_OPTIONS.dataset },
  async run({ dataset: folder }) {
    const root = resolveDataset(folder);
    heading('native TensorFlow');
    await ensureTensorFlow(say);
    heading('preprocess');
    await runStages(await loadStages(), parseWorkerArgs([`--dataset=${root}`]));
    process.exitCode = await train(root);
    if (process.exitCode === 0) printLines(whereToLook(root));
  },
});

/** Trains unless that is done, shows the evaluation and one prediction. @returns the exit code of what failed, or 0 */
async function train(root: string): Promise<number> {
  const dataset = `--dataset=${root}`;
  heading('train');
  // its results are those that evaluate shows, also when there was nothing to train
  const trained = await runTrainer('train', [dataset, '--if-stale'], { showResults: false });
  if (trained !== 0) return trained;
  heading('evaluate');
  const evaluated = await runTrainer('evaluate', [dataset]);
  if (evaluated !== 0) return evaluated;
  const picture = await examplePicture(root);
  if (picture === undefined) return 0;
  heading(`predict ${printable(picture.sourceId)}, a picture of the ${picture.split} split`);
  return runTrainer('predict', [dataset, '--', picture.path]);
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const heading = (text: string): void => say(`\n== ${text}`);
