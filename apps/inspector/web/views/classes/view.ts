import type { View } from '../../view.js';

/** Pictures by class and split. */
export const view: View = {
  path: '/classes',
  title: 'Classes',
  group: 'data',
  order: 20,
  load: () => import('./page.js'),
};
