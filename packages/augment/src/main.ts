import { runWorker } from '@atelier/stage';
import { augment } from './augment.js';

await runWorker(augment);
