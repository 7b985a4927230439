import { useQueries } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useLayoutEffect, useRef, useState, type KeyboardEvent } from 'react';
import { Link } from 'react-router';
import type { PicturePage } from '../../../src/routes/pictures.js';
import { apiUrl, ask, type Query } from '../../parts/api.js';
import { spaced } from '../../parts/format.js';
import { Thumbnail } from '../../parts/thumbnail.js';

/** Pixels of a tile at least, and of what stands below its picture. */
const TILE = 148;
const CAPTION = 42;
const GAP = 12;

/** All pictures of a query, of which only those in sight are asked for and drawn. */
export function PictureGrid({ query, total, pageSize }: { query: Query; total: number; pageSize: number }) {
  const scroller = useRef<HTMLDivElement>(null);
  const columns = useColumns(scroller);
  const width = (scroller.current?.clientWidth ?? 0) - GAP;
  const side = columns === 0 ? TILE : Math.floor(width / columns) - GAP;
  const rows = columns === 0 ? 0 : Math.ceil(total / columns);
  const virtualizer = useVirtualizer({
    count: rows,
    getScrollElement: () => scroller.current,
    estimateSize: () => side + CAPTION + GAP,
    overscan: 3,
    paddingStart: GAP,
  });
  useLayoutEffect(() => virtualizer.measure(), [virtualizer, side]);
  const shown = virtualizer.getVirtualItems();
  const [from, to] = [
    (shown[0]?.index ?? 0) * columns,
    Math.min(total, ((shown.at(-1)?.index ?? -1) + 1) * columns),
  ];
  const itemAt = usePages({ query, pageSize, from, to });
  const move = useKeys(columns, total, (index) => virtualizer.scrollToIndex(Math.floor(index / columns)));
  return (
    <div className="grid-scroller" ref={scroller} tabIndex={-1}>
      <ul
        className="grid"
        style={{ height: virtualizer.getTotalSize() }}
        onKeyDown={move}
        aria-label="Pictures"
      >
        {shown.flatMap((row) =>
          Array.from({ length: Math.min(columns, total - row.index * columns) }, (_, column) => {
            const index = row.index * columns + column;
            const style = {
              transform: `translate(${GAP + column * (side + GAP)}px, ${row.start}px)`,
              width: side,
              height: side + CAPTION,
            };
            return (
              <li key={index} style={style} aria-setsize={total} aria-posinset={index + 1}>
                <Tile item={itemAt(index)} index={index} stage={query['stage'] as string | undefined} />
              </li>
            );
          }),
        )}
      </ul>
    </div>
  );
}

type Item = PicturePage['items'][number];

function Tile({ item, index, stage }: { item: Item | undefined; index: number; stage: string | undefined }) {
  if (item === undefined) return <span className="tile is-empty" />;
  const name = item.id.slice(item.id.lastIndexOf('/') + 1);
  const wrong = item.predicted !== null && item.predicted !== item.className;
  return (
    <Link
      className="tile"
      data-index={index}
      to={`/picture?id=${encodeURIComponent(item.sourceId)}`}
      title={item.id}
    >
      <Thumbnail id={item.id} digest={item.digest} stage={stage} broken={item.flags.includes('quarantine')} />
      <span className="tile-name">{name}</span>
      <span className="tile-class">
        {item.split === null ? null : <i className={`split is-${item.split}`} title={item.split} />}
        {spaced(item.className)}
        {item.flags.length > 0 ? (
          <b className="flag" title={item.flags.join(', ')} aria-label="flagged" />
        ) : null}
        {wrong ? (
          <b className="wrong" title={`predicted: ${item.predicted}`} aria-label="predicted otherwise" />
        ) : null}
      </span>
    </Link>
  );
}

/** As many columns as fit; 0 before the width is known. */
function useColumns(ref: { readonly current: HTMLElement | null }): number {
  const [columns, setColumns] = useState(0);
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const fit = () => setColumns(Math.max(1, Math.floor((element.clientWidth - GAP) / (TILE + GAP))));
    fit();
    const observer = new ResizeObserver(fit);
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref]);
  return columns;
}

/** The pages that the pictures in sight are on. */
function usePages(of: {
  query: Query;
  pageSize: number;
  from: number;
  to: number;
}): (index: number) => Item | undefined {
  const { query, pageSize, from, to } = of;
  const firstPage = Math.floor(from / pageSize);
  const pages = Math.max(0, Math.ceil(to / pageSize) - firstPage);
  const results = useQueries({
    queries: Array.from({ length: pages }, (_, i) => {
      const offset = (firstPage + i) * pageSize;
      const url = apiUrl('/api/pictures', { ...query, ...(offset > 0 && { offset }), limit: pageSize });
      return {
        queryKey: [url],
        queryFn: ({ signal }: { signal: AbortSignal }) => ask<PicturePage>(url, { signal }),
        staleTime: 60_000,
        gcTime: 60_000,
      };
    }),
  });
  return (index) => results[Math.floor(index / pageSize) - firstPage]?.data?.items[index % pageSize];
}

/** Arrow keys, Home, End and page keys go from picture to picture. */
function useKeys(columns: number, total: number, show: (index: number) => void) {
  return (event: KeyboardEvent<HTMLElement>) => {
    const tile = (event.target as HTMLElement).closest<HTMLElement>('[data-index]');
    if (tile === null) return;
    const step = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -columns,
      ArrowDown: columns,
      Home: -total,
      End: total,
    }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const index = Math.max(0, Math.min(total - 1, Number(tile.dataset['index']) + step));
    const list = event.currentTarget;
    show(index);
    // it may have to be drawn first
    requestAnimationFrame(() =>
      requestAnimationFrame(() =>
        list.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus({ preventScroll: true }),
      ),
    );
  };
}
