import { bfloat16Problem, ensureNative, thisProcessor } from '@atelier/graph';
import path from 'node:path';
import { startContender } from './contender/contender-process.js';
import { measureTask, type MeasuredTask } from './contender/measure-task.js';
import { appFolder, programs, repositoryFolder } from './contender/programs.js';
import type { ContenderOptions } from './contender/protocol.js';
import { makeBenchDataset, type BenchDataset } from './dataset/bench-dataset.js';
import { machineFacts } from './environment/machine.js';
import { ensurePythonPeers } from './environment/python-peers.js';
import type { Settings } from './plan/settings.js';
import { XLA_TRIAL, type Contender, type Task } from './plan/tasks.js';
import { summarizeTask, type Results, type XlaChoice } from './report/results.js';
import { median } from './report/statistics.js';

/** Where the bench keeps what it makes: below the repository's root, git-ignored. */
export const cacheFolder = path.join(repositoryFolder, '.cache/bench');

/** How the XLA trial is measured: the difference is a multiple, so little is enough. */
const TRIAL = { steps: 6, rounds: 2, warmup: 2 };

/**
 * Installs and makes whatever is missing, then measures task by task.
 * @param report gets a line for everything that takes long
 */
export async function runBench(settings: Settings, report: (line: string) => void): Promise<Results> {
  const machine = await machineFacts();
  await ensureNative({ report });
  const python = await ensurePythonPeers(
    {
      name: 'Keras and TensorFlow',
      requirements: path.join(appFolder, 'peers/requirements.txt'),
      venv: path.join(repositoryFolder, '.cache/bench-venv'),
      systemPython: 'python3',
    },
    report,
  );
  const dataset = settings.tasks.some((task) => task.onDataset) ? await makeDataset(settings) : null;
  const starter = { settings, programs: programs(python), dataset };
  const xla = await chooseXla(starter, report);
  const measured: MeasuredTask[] = [];
  const problem = bfloat16Problem(thisProcessor());
  for (const asked of settings.tasks) {
    const task = problem === null ? asked : withoutBfloat16(asked, { problem, report });
    const start = (contender: Contender) => startFor(starter, { task, contender, xla: xla.xla });
    measured.push(await measureTask(task, { settings, start, report }));
  }
  const { tasks: _tasks, xla: _xla, ...sizes } = settings;
  return {
    formatVersion: 1,
    measuredOn: new Date().toISOString().slice(0, 10),
    machine,
    versions: Object.assign(
      {},
      ...measured.flatMap(({ contenders }) => contenders).map(versionsOf),
    ) as Record<string, string>,
    settings: sizes,
    xla,
    tasks: measured.map(summarizeTask),
  };
}

/** The task without the contenders that need bfloat16; says which and why. */
function withoutBfloat16(
  task: Task,
  { problem, report }: { problem: string; report: (line: string) => void },
): Task {
  for (const { name } of task.contenders.filter(({ bfloat16 }) => bfloat16))
    report(`${name} left out: ${problem}`);
  return { ...task, contenders: task.contenders.filter(({ bfloat16 }) => !bfloat16) };
}

const makeDataset = (settings: Settings): Promise<BenchDataset> =>
  makeBenchDataset(
    { sources: path.join(repositoryFolder, 'datasets/sample/images'), parent: cacheFolder },
    settings,
  );

interface Starter {
  readonly settings: Settings;
  readonly programs: ReturnType<typeof programs>;
  readonly dataset: BenchDataset | null;
}

function startFor(
  starter: Starter,
  { task, contender, xla }: { task: Task; contender: Contender; xla: boolean },
) {
  const { batchSize, classes, size, evaluateBatches } = starter.settings;
  const dataset = task.onDataset ? starter.dataset : null;
  const options: ContenderOptions = {
    mode: contender.mode,
    batchSize,
    classes,
    height: size,
    width: size,
    evaluateBatches,
    jit: contender.xla ?? xla,
    dataset: dataset?.root ?? null,
    pictures: dataset?.pictures ?? null,
  };
  return startContender(contender.name, starter.programs[contender.side], options);
}

/** Keras' default compiles with XLA; whether that helps depends on the machine, so it is tried. */
async function chooseXla(starter: Starter, report: (line: string) => void): Promise<XlaChoice> {
  if (starter.settings.xla !== null) return { xla: starter.settings.xla, mediansMs: null };
  const { contenders } = await measureTask(XLA_TRIAL, {
    settings: { ...starter.settings, ...TRIAL },
    start: (contender) => startFor(starter, { task: XLA_TRIAL, contender, xla: false }),
    report,
  });
  const [without, compiled] = contenders.map(({ roundsMs }) => median(roundsMs.flat())) as [number, number];
  return { xla: compiled < without, mediansMs: { without, with: compiled } };
}

/** The library versions of a contender, told apart where two sides have the same library. */
const versionsOf = ({ contender, versions }: MeasuredTask['contenders'][number]): Record<string, string> =>
  Object.fromEntries(
    Object.entries(versions).map(([name, version]) => [
      name === 'tensorflow' ? `TensorFlow (${contender.side})` : name,
      version,
    ]),
  );
