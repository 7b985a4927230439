import path from 'node:path';
import type { StageName } from '@atelier/core';
import { repositoryFolder } from '../contender/programs.js';
import type { Program } from '../contender/contender-process.js';

/** `npx atelier …` as a person starts it, in the repository. */
export const atelier = (...args: string[]): Program => ({ file: 'npx', args: ['atelier', ...args] });

/** The program behind it, without npm's own start. */
export const launcher = (...args: string[]): Program => ({
  file: process.execPath,
  args: [path.join(repositoryFolder, 'apps/atelier/bin/atelier.mjs'), ...args],
});

/** The worker of one stage, as Nx starts it. */
export const worker = (stage: StageName, ...args: string[]): Program => ({
  file: process.execPath,
  args: [path.join(repositoryFolder, `packages/${stage}/dist/main.js`), ...args],
});
