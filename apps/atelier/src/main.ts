import { runProgram } from '@atelier/stage';
import { runCommandLine } from './command-line.js';

await runProgram(runCommandLine);
