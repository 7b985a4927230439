import { classRoutes } from '../routes/classes.js';
import { duplicateRoutes } from '../routes/duplicates.js';
import { overviewRoutes } from '../routes/overview.js';
import { pictureFileRoutes } from '../routes/picture-files.js';
import { pictureRoutes } from '../routes/pictures.js';
import { quarantineRoutes } from '../routes/quarantine.js';
import { statisticsRoutes } from '../routes/statistics.js';
import { traceRoutes } from '../routes/trace.js';
import type { Routes } from './api.js';

/** Every route of the API, a line per view: this is where a view's routes are registered. */
export const ROUTES: readonly Routes[] = [
  overviewRoutes,
  classRoutes,
  pictureRoutes,
  pictureFileRoutes,
  traceRoutes,
  quarantineRoutes,
  statisticsRoutes,
  duplicateRoutes,
];
