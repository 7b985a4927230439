import type { View } from '../../view.js';

/** Every picture, filtered. */
export const view: View = {
  path: '/pictures',
  title: 'Pictures',
  group: 'data',
  order: 30,
  load: () => import('./page.js'),
};
