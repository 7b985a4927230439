import type { View } from '../../view.js';

/** Pictures that are there more than once, and odd ones. */
export const view: View = {
  path: '/duplicates',
  title: 'Duplicates',
  group: 'data',
  order: 40,
  load: () => import('./page.js'),
};
