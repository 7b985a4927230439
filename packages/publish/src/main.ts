import { runWorker } from '@atelier/stage';
import { publish } from './publish.js';

await runWorker(publish);
