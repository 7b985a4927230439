import type { View } from '../../view.js';

/** One picture through every stage. */
export const view: View = {
  path: '/picture',
  title: 'Picture',
  group: 'none',
  order: 35,
  load: () => import('./page.js'),
};
