/** At most `count` of the items, spread evenly over all of them, in their order; the same ones every time. */
export function everyNth<Item>(items: readonly Item[], count: number): Item[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)] as Item);
}
