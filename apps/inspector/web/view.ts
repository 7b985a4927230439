import type { ComponentType } from 'react';

/** A page of the inspector, as its folder's view.ts declares it. */
export interface View {
  /** Its address: "/pictures". Parts of it may be parameters: "/pictures/:id". */
  readonly path: string;
  readonly title: string;
  /** Where the navigation lists it; `none` leaves it out. */
  readonly group: 'data' | 'model' | 'none';
  /** Its place there, lowest first. */
  readonly order: number;
  /** Loads the page when it is first opened. */
  readonly load: () => Promise<{ readonly default: ComponentType }>;
}

const found = import.meta.glob<{ readonly view: View }>('./views/*/view.ts', { eager: true });

/** Every view there is, in the order of the navigation. */
export const VIEWS: readonly View[] = Object.values(found)
  .map(({ view }) => view)
  .sort((a, b) => a.order - b.order);
