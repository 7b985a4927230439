import type { View } from '../../view.js';

/** The dataset at a glance. */
export const view: View = {
  path: '/',
  title: 'Overview',
  group: 'data',
  order: 10,
  load: () => import('./page.js'),
};
