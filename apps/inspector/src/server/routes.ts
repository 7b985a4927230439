import type { Routes } from './api.js';
import { overviewRoutes } from '../routes/overview.js';
import { pictureFileRoutes } from '../routes/picture-files.js';
import { pictureRoutes } from '../routes/pictures.js';

/** Every route of the API, a line per view: this is where a view's routes are registered. */
export const ROUTES: readonly Routes[] = [overviewRoutes, pictureRoutes, pictureFileRoutes];
