import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Side } from '../plan/tasks.js';
import type { Program } from './contender-process.js';

const node = (name: string): Program => ({
  file: process.execPath,
  args: ['--no-warnings', path.join(appFolder, `dist/peer/${name}.js`)],
});

/** The program of each side. @param python the Python that has Keras */
export function programs(python: string): Readonly<Record<Side, Program>> {
  return {
    ours: node('graph-peer'),
    tfjs: node('tfjs-peer'),
    keras: {
      file: python,
      // isolated: neither PYTHON* variables nor the working folder's modules count
      args: ['-I', '-X', 'utf8', path.join(appFolder, 'peers/keras_peer.py')],
      env: { TF_CPP_MIN_LOG_LEVEL: '2', CUDA_VISIBLE_DEVICES: '', KERAS_BACKEND: 'tensorflow' },
    },
  };
}

/** This app's folder. */
export const appFolder: string = fileURLToPath(new URL('../..', import.meta.url));

/** The repository's root. */
export const repositoryFolder: string = path.resolve(appFolder, '../..');
