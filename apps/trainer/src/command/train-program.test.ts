import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readArrowTable } from '@atelier/artifacts';
import { runPython } from '@atelier/readers';
import type { MetricsRecord } from '../evaluation/evaluate-model.js';
import type { EpochRecord } from '../fit/training-state.js';
import { CLASS_NAMES, writeSyntheticDataset, type SyntheticDataset } from '../testing/synthetic-dataset.js';
import { runTrainer, type EndedProgram } from '../testing/trainer-program.js';

const folders: string[] = [];
async function dataset(options: Partial<SyntheticDataset> = {}): Promise<string> {
  const root = await mkdtemp(path.join(tmpdir(), 'atelier trainer ü'));
  folders.push(root);
  await writeSyntheticDataset(root, { perClass: { train: 24, validation: 6, test: 4 }, ...options });
  return root;
}
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

const text = (...parts: string[]) => readFileSync(path.join(...parts), 'utf8');
const json = <T>(...parts: string[]) => JSON.parse(text(...parts)) as T;
const models = (root: string) => readdirSync(path.join(root, 'models')).sort();
const weights = (root: string, run: string) => readFileSync(path.join(root, 'models', run, 'weights.bin'));
const history = (root: string, run: string) =>
  text(root, 'models', run, 'history.jsonl')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as EpochRecord);
/** What must be equal of two runs: all but the times. */
const figures = (records: readonly EpochRecord[]) =>
  records.map(({ durationMs: _duration, imagesPerSecond: _rate, ...rest }) => rest);

/** Runs the trainer and sends it one signal as soon as its stderr says something: a second one would end it at once. */
function interrupted(
  args: readonly string[],
  stop: { at: RegExp; by: NodeJS.Signals },
): Promise<EndedProgram> {
  return runTrainer(args, (child) => {
    let said = '';
    let sent = false;
    child.stderr?.on('data', (more: string) => {
      said += more;
      if (sent || !stop.at.test(said)) return;
      sent = true;
      child.kill(stop.by);
    });
  });
}

describe('a finished run', () => {
  let root: string;
  let trained: EndedProgram;
  let run: string;
  beforeAll(async () => {
    root = await dataset({ train: { epochs: 8, batchSize: 16, tensorBoard: true } });
    trained = await runTrainer(['train', '--dataset', root, '--json']);
    run = path.join(root, 'models', 'run-0001');
  });

  it('has learnt four easily told classes', () => {
    expect(trained).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/engine: graph \(native TensorFlow/),
    });
    const answer = JSON.parse(trained.stdout) as { run: string; metrics: MetricsRecord };
    expect(answer.run).toBe('run-0001');
    expect(answer.metrics.validation?.accuracy).toBeGreaterThanOrEqual(0.95);
    expect(answer.metrics).toEqual(json(run, 'metrics.json'));
  });

  it('has a folder of its own, named as the newest', () => {
    expect(models(root)).toEqual(['latest', 'run-0001']);
    expect(text(root, 'models', 'latest')).toBe('run-0001\n');
    expect(readdirSync(run).sort()).toEqual([
      'checkpoint',
      'config.json',
      'history.jsonl',
      'metadata.json',
      'metrics.json',
      'model.json',
      'predictions.arrow',
      'tensorboard',
      'weights.bin',
    ]);
    expect(json(run, 'metadata.json')).toMatchObject({
      runId: 'run-0001',
      classNames: CLASS_NAMES,
      input: { height: 32, width: 32, channels: 3, valueRange: [0, 255] },
      resize: { fit: 'fill', kernel: 'lanczos3', quality: 90 },
      trainedOn: { 'normalized/manifest.jsonl': expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
  });

  it('keeps the weights of the lowest validation loss', () => {
    const records = history(root, 'run-0001');
    expect(records.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const lowest = Math.min(...records.map(({ valLoss }) => valLoss as number));
    expect((json<MetricsRecord>(run, 'metrics.json').validation?.loss ?? NaN) - lowest).toBeCloseTo(0, 5);
  });

  it('has predictions whose confusion matrix and accuracy agree', async () => {
    const table = await readArrowTable(path.join(run, 'predictions.arrow'));
    const metrics = json<MetricsRecord>(run, 'metrics.json');
    expect(table.rows).toBe(4 * 6 + 4 * 4);
    expect(JSON.parse(table.metadata['atelier.classes'] ?? '')).toEqual(CLASS_NAMES);
    const splits = table.column('split', 'utf8');
    const [truth, predicted] = [table.column('true', 'int32'), table.column('predicted', 'int32')];
    for (const split of ['validation', 'test'] as const) {
      const rows = splits.flatMap((name, row) => (name === split ? [row] : []));
      const { accuracy, confusionMatrix, samples } = metrics[split]!;
      expect(samples).toBe(rows.length);
      expect(rows.filter((row) => truth[row] === predicted[row]).length / rows.length).toBe(accuracy);
      expect(confusionMatrix.reduce((sum, row, i) => sum + (row[i] as number), 0) / samples).toBe(accuracy);
    }
  });

  it('predicts a picture as it was evaluated, by names and without the dataset', async () => {
    const table = await readArrowTable(path.join(run, 'predictions.arrow'));
    const { size, values } = table.vectors('probabilities');
    renameSync(path.join(root, 'normalized'), path.join(root, 'normalized away'));
    const files = table.column('source_id', 'utf8').map((id) => path.join(root, 'images', id));
    const answer = await runTrainer(['predict', '--dataset', root, '--json', '--top', '4', ...files]);
    renameSync(path.join(root, 'normalized away'), path.join(root, 'normalized'));
    expect(answer.code).toBe(0);
    const rows = JSON.parse(answer.stdout) as {
      path: string;
      classes: { className: string; probability: number }[];
    }[];
    expect(rows.map((row) => row.path)).toEqual(files);
    rows.forEach(({ classes }, row) => {
      for (const { className, probability } of classes) {
        const evaluated = values[row * size + CLASS_NAMES.indexOf(className as 'blau')] as number;
        expect(Math.abs(probability - evaluated)).toBeLessThan(1e-6);
      }
    });
  });

  it('reports a file that is no picture, and goes on', async () => {
    const broken = path.join(root, 'images', CLASS_NAMES[0], 'broken, "really".jpg');
    await writeFile(broken, 'no picture');
    const answer = await runTrainer([
      'predict',
      '--dataset',
      root,
      '--format',
      'csv',
      '--top',
      '1',
      path.dirname(broken),
    ]);
    await unlink(broken);
    expect(answer.code).toBe(1);
    const lines = answer.stdout.trimEnd().split('\r\n');
    expect(lines[0]).toBe('path,rank,class,probability,error');
    expect(lines).toHaveLength(1 + 1 + 34);
    expect(lines.filter((line) => line.includes('broken, ""really"".jpg'))).toHaveLength(1);
    expect(lines.filter((line) => /,1,blau,0\.\d+,$/.test(line)).length).toBeGreaterThan(30);
    expect(answer.stderr).toMatch(/Cannot classify .*broken/);
    const missing = await runTrainer(['predict', '--dataset', root, path.join(root, 'none.jpg')]);
    expect(missing).toMatchObject({ code: 1, stdout: expect.stringMatching(/none\.jpg .*not classified/) });
  });

  it('is exported in the formats asked for, once', async () => {
    const formats = ['--format', 'onnx,tfjs'];
    const first = await runTrainer(['export', '--dataset', root, ...formats]);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const onnx = path.join(run, 'export', 'onnx', 'model.onnx');
    expect(first.stdout).toBe(
      `onnx          ${onnx}\ntfjs          ${path.join(run, 'export', 'tfjs', 'model.json')}\n`,
    );
    const before = readFileSync(onnx);
    const again = await runTrainer(['export', '--dataset', root, ...formats, '--json']);
    const answer = JSON.parse(again.stdout) as { run: string; exports: { outcome: string }[] };
    expect(answer).toMatchObject({ run: 'run-0001', exports: [{ outcome: 'kept' }, { outcome: 'kept' }] });
    expect(readFileSync(onnx)).toEqual(before);
    const elsewhere = path.join(root, 'elsewhere');
    await runTrainer(['export', '--dataset', root, '--format', 'onnx', '--out', elsewhere]);
    expect(readFileSync(path.join(elsewhere, 'onnx', 'model.onnx'))).toEqual(before);
    await rm(path.join(run, 'export'), { recursive: true });
  });

  it('is not exported in a format that there is none of, and TFLite says what to do', async () => {
    const unknown = await runTrainer(['export', '--dataset', root, '--format', 'tfjs,onxx']);
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean onnx?') });
    const tflite = await runTrainer(['export', '--dataset', root, '--format', 'tflite']);
    expect(tflite).toMatchObject({ code: 2, stderr: expect.stringContaining('tf.lite.TFLiteConverter') });
  });

  it('evaluates again to the same figures', async () => {
    const before = text(run, 'metrics.json');
    const answer = await runTrainer(['evaluate', '--dataset', root]);
    expect(answer).toMatchObject({ code: 0, stdout: expect.stringMatching(/macro average/) });
    expect(text(run, 'metrics.json')).toBe(before);
  });

  it('is up to date until a setting changes', async () => {
    const again = await runTrainer(['train', '--dataset', root, '--if-stale', '--json']);
    expect(again).toMatchObject({ code: 0, stderr: expect.stringMatching(/up to date \(run-0001\)/) });
    expect(JSON.parse(again.stdout)).toMatchObject({ run: 'run-0001', upToDate: true });
    await unlink(path.join(root, 'models', 'latest')); // as if killed before it was written
    await runTrainer(['train', '--dataset', root, '--if-stale']);
    expect(text(root, 'models', 'latest')).toBe('run-0001\n');
    const changed = await runTrainer([
      'train',
      '--dataset',
      root,
      '--if-stale',
      '--set',
      'train.epochs=1',
      '--json',
    ]);
    expect(JSON.parse(changed.stdout)).toMatchObject({ run: 'run-0002', upToDate: false });
    expect(json(root, 'models', 'run-0002', 'config.json')).toMatchObject({
      config: { train: { epochs: 1 } },
      overrides: ['train.epochs=1'],
    });
  });

  it('has event files that TensorBoard reads', () => {
    const scalars = runPython(
      `
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
def read(split):
    events = EventAccumulator(ARGS + "/tensorboard/" + split).Reload()
    return {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
RESULT = {split: read(split) for split in ["train", "validation"]}
`,
      run,
    ) as Record<string, Record<string, [number, number][]>>;
    const records = history(root, 'run-0001');
    const expected = (key: 'loss' | 'valAccuracy') =>
      records.map((record, step) => [step, Math.fround(record[key] as number)]);
    expect(scalars['train']?.['epoch_loss']).toEqual(expected('loss'));
    expect(scalars['validation']?.['epoch_accuracy']).toEqual(expected('valAccuracy'));
    expect(scalars['train']?.['epoch_learning_rate']).toHaveLength(8);
  });

  it('refuses to be evaluated on a dataset of other pictures', async () => {
    const other = await dataset({ side: 40, perClass: { train: 1, validation: 1, test: 0 } });
    renameSync(path.join(root, 'models'), path.join(other, 'models'));
    const answer = await runTrainer(['evaluate', '--dataset', other]);
    renameSync(path.join(other, 'models'), path.join(root, 'models'));
    expect(answer).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/takes pictures of 32x32, the dataset has 40x40/),
    });
  });
});

describe('an interrupted run', () => {
  // a checkpoint after every step, so that most kills fall within an epoch that has one
  const train = { epochs: 5, batchSize: 8, checkpointMinutes: 1e-9, schedule: { name: 'cosine' } };
  const small = { perClass: { train: 10, validation: 3, test: 0 }, train };
  let whole: string;
  beforeAll(async () => {
    whole = await dataset(small);
    expect(await runTrainer(['--dataset', whole])).toMatchObject({ code: 0 });
  });

  it('ends in the same weights, however often it is killed', async () => {
    const root = await dataset(small);
    const kills: string[] = [];
    for (const at of [/engine:/, /epoch 1\/5 \|/, /epoch 3\/5 \|/]) {
      const resume = kills.length > 0 ? ['--resume'] : [];
      const killed = await interrupted(['--dataset', root, ...resume], { at, by: 'SIGKILL' });
      expect(killed.signal).toBe('SIGKILL');
      kills.push(killed.stderr);
      expect(models(root)).toEqual(['.run-0001.partial']);
    }
    const resumed = await runTrainer(['--dataset', root, '--resume']);
    expect(resumed).toMatchObject({ code: 0, stderr: expect.stringMatching(/run: run-0001 \(resumed\)/) });
    expect(resumed.stderr).not.toMatch(/epoch 2\/5 \|/);
    expect(models(root)).toEqual(['latest', 'run-0001']);
    const left = readdirSync(path.join(root, 'models', 'run-0001'), { recursive: true });
    expect(left.filter((name) => /partial|owner|best/.test(String(name)))).toEqual([]);
    expect(weights(root, 'run-0001').equals(weights(whole, 'run-0001'))).toBe(true);
    expect(figures(history(root, 'run-0001'))).toEqual(figures(history(whole, 'run-0001')));
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('stops at %s, says how to go on, and is gone on with', async (by, code) => {
    const root = await dataset(small);
    const stopped = await interrupted(['--dataset', root], { at: /epoch 2\/5 \|/, by });
    expect(stopped).toMatchObject({ code, stderr: expect.stringMatching(/--resume --run run-0001/) });
    const resumed = await runTrainer(['--dataset', root, '--if-stale']);
    expect(resumed).toMatchObject({ code: 0, stderr: expect.stringMatching(/run-0001 \(resumed\)/) });
    expect(weights(root, 'run-0001').equals(weights(whole, 'run-0001'))).toBe(true);
  });

  it('is not gone on with under other settings, nor where there is none', async () => {
    const root = await dataset(small);
    expect(await runTrainer(['--dataset', root, '--resume'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/Cannot resume: no run was interrupted/),
    });
    await interrupted(['--dataset', root], { at: /epoch 1\/5 \|/, by: 'SIGKILL' });
    expect(await runTrainer(['--dataset', root, '--resume', '--set', 'train.epochs=9'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/begun with other settings/),
    });
    const fresh = await runTrainer(['--dataset', root, '--run', 'second', '--set', 'train.epochs=1']);
    expect(fresh).toMatchObject({ code: 0, stderr: expect.stringMatching(/unfinished: run-0001/) });
    expect(models(root)).toEqual(['.run-0001.partial', 'latest', 'second']);
  });
});

describe('a training that cannot be', () => {
  it('stops on a loss that is no number, and names the samples', async () => {
    const optimizer = { name: 'sgd', learningRate: 1e30 };
    const root = await dataset({ train: { epochs: 2, batchSize: 4, optimizer } });
    const failed = await runTrainer(['--dataset', root]);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(
      /the loss of epoch 1, step \d+ is (NaN|Infinity); the last checkpoint does not exist yet; the samples of the step are .*train \d+\.jpg#0/,
    );
    expect(models(root)).toEqual([]); // there is nothing to go on with
  });

  it('says what is missing where the dataset has not been preprocessed, or holds nothing to train on', async () => {
    const empty = await dataset({ perClass: { train: 0, validation: 1, test: 0 } });
    expect(await runTrainer(['--dataset', empty])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/its train split holds no pictures/),
    });
    await rm(path.join(empty, 'normalized'), { recursive: true });
    expect(await runTrainer(['--dataset', empty])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/has not been preprocessed. Run "npx atelier preprocess" first/),
    });
  });

  it('goes without validation where nothing is held out', async () => {
    const root = await dataset({ perClass: { train: 4, validation: 0, test: 0 }, train: { epochs: 2 } });
    const trained = await runTrainer(['--dataset', root]);
    expect(trained).toMatchObject({ code: 0, stderr: expect.stringMatching(/validation: no pictures/) });
    expect(trained.stdout).toMatch(/test: no samples/);
    expect(history(root, 'run-0001')[0]).toMatchObject({ valLoss: null, valAccuracy: null });
    expect(json(root, 'models', 'run-0001', 'metrics.json')).toMatchObject({ validation: null, test: null });
  });

  it('refuses tensors of other settings', async () => {
    const root = await dataset({ perClass: { train: 1, validation: 0, test: 0 } });
    expect(await runTrainer(['--dataset', root, '--set', 'resize.width=64'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/made with other resize settings/),
    });
  });

  it('trains the same on the layers engine where it is asked for, and on standardized tensors', async () => {
    const standardize = { mean: [0.5, 0.4, 0.3], std: [0.3, 0.2, 0.25] };
    const root = await dataset({ standardize, dtype: 'float16', train: { epochs: 4, batchSize: 16 } });
    const trained = await runTrainer(['--dataset', root, '--engine', 'layers', '--json']);
    expect(trained).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/engine: layers \(TensorFlow.js/),
    });
    expect(json(root, 'models', 'run-0001', 'metadata.json')).toMatchObject({ normalize: standardize });
    expect(history(root, 'run-0001').at(-1)?.accuracy).toBeGreaterThan(0.4);
  });
});

describe('the command line', () => {
  it.each([
    [['train', '--datset', 'x'], /there is no option --datset. Did you mean --dataset\?/],
    [['evalute'], /there is no command evalute. Did you mean evaluate\?/],
    [['train', 'extra'], /train takes no "extra"/],
    [['predict', '--top', '0', 'x.jpg'], /--top is 0/],
    [['predict', '--format', 'xml', 'x.jpg'], /--format is xml/],
    [['train', '--if-stale', '--resume'], /--if-stale chooses the run itself/],
    [['train', '--set', 'train.epoch=1'], /Did you mean "train.epochs"/],
  ])('refuses %j', async (args, message) => {
    const root = await dataset({ perClass: { train: 0, validation: 0, test: 0 } });
    const dataArgs = args.includes('--datset') ? [] : ['--dataset', root];
    const [command = '', ...rest] = args;
    expect(await runTrainer([command, ...dataArgs, ...rest])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(message),
    });
  });

  it('explains itself', async () => {
    const help = await runTrainer(['predict', '--help']);
    expect(help).toMatchObject({ code: 0, stdout: expect.stringMatching(/--format NAME .*--dataset DIR/s) });
  });
});
