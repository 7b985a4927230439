import { runWorker } from '@atelier/stage';
import { split } from './split.js';

await runWorker(split);
