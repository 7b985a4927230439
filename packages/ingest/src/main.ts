import { runWorker } from '@atelier/stage';
import { ingest } from './ingest.js';

await runWorker(ingest);
