import { runWorker } from '@atelier/stage';
import { labels } from './labels.js';

await runWorker(labels);
