import type { View } from '../../view.js';

/** Files that could not be used. */
export const view: View = {
  path: '/quarantine',
  title: 'Quarantine',
  group: 'data',
  order: 60,
  load: () => import('./page.js'),
};
