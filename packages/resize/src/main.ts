import { runWorker } from '@atelier/stage';
import { resize } from './resize.js';

await runWorker(resize);
