import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { messageOf } from '@atelier/core';
import type { Check } from './check.js';
import { firstVersion } from './first-version.js';
import { diskCheck, machineChecks, nodeCheck, npmCheck, sharpCheck } from './machine-checks.js';
import { slowBackend } from './slow-backend.js';
import { trainingChecks, type TrainingFacts } from './training-checks.js';

/** Compilers and pips in the order in which the installation tries them. */
const COMPILERS = [process.env['CXX'] ?? '', 'c++', 'g++', 'clang++'].flatMap((name) =>
  name ? [[name]] : [],
);
const PIPS = [['python3', '-m', 'pip'], ['python', '-m', 'pip'], ['pip3'], ['pip']];

/** Looks at everything that Atelier needs on this machine. */
export async function lookAround(): Promise<Check[]> {
  const engines = readEngines();
  const [npm, sharp, training, { bavail, bsize }] = await Promise.all([
    firstVersion([['npm']]),
    sharpVersions(),
    trainingFacts(),
    statfs(process.cwd()),
  ]);
  return [
    nodeCheck(process.versions.node, engines.node),
    npmCheck(npm ?? undefined, engines.npm),
    sharpCheck(sharp),
    ...trainingChecks(training),
    ...machineChecks({ cores: availableParallelism(), bytes: memoryLimit() }),
    diskCheck(process.cwd(), bavail * bsize),
  ];
}

/** The versions that the workspace's package.json asks for. */
function readEngines(): { node: string; npm: string } {
  const text = readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { engines: { node: string; npm: string } }).engines;
}

async function sharpVersions(): Promise<{ sharp: string; vips: string } | Error> {
  try {
    const { codecVersions } = await import('@atelier/image');
    return await codecVersions();
  } catch (error) {
    return new Error(messageOf(error));
  }
}

/** What training would run on here, and what is there to install native TensorFlow with. */
export async function trainingFacts(): Promise<TrainingFacts> {
  const { nativeState, loadBinding } = await import('@atelier/graph');
  const native = nativeState();
  const isInstalled = native.kind !== 'none' && native.problem === null;
  let loadProblem: string | null = null;
  try {
    if (isInstalled) loadBinding();
  } catch (error) {
    loadProblem = messageOf(error);
  }
  const needsTools = !isInstalled || loadProblem !== null;
  const [compiler, pip] = needsTools
    ? await Promise.all([firstVersion(COMPILERS), firstVersion(PIPS)])
    : [null, null];
  return { native, loadProblem, slowBackend: slowBackend(), compiler, pip };
}

/** Bytes that this process may use: the machine's memory, or the limit of its container. */
function memoryLimit(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
