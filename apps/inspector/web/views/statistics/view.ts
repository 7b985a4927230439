import type { View } from '../../view.js';

/** Sizes, shapes and colours. */
export const view: View = {
  path: '/statistics',
  title: 'Statistics',
  group: 'data',
  order: 50,
  load: () => import('./page.js'),
};
