import { runWorker } from '@atelier/stage';
import { normalize } from './normalize.js';

await runWorker(normalize);
