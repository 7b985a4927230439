import { useDeferredValue } from 'react';
import { useSearchParams } from 'react-router';
import type { PictureFacets, PicturePage } from '../../../src/routes/pictures.js';
import { useApi } from '../../parts/api.js';
import { counted } from '../../parts/format.js';
import { Loaded } from '../../parts/states.js';
import { Filters, filtersOf } from './filters.js';
import { PictureGrid } from './picture-grid.js';

/** Pictures of a stage, filtered by class, split, flag, predicted class and text; the address holds the filters. */
export default function PicturesPage() {
  const [search, setSearch] = useSearchParams();
  const filters = filtersOf(search);
  const wanted = useDeferredValue(JSON.stringify(filters));
  const query = JSON.parse(wanted) as typeof filters;
  const facets = useApi<PictureFacets>(
    '/api/pictures/facets',
    {},
    { every: (data) => (data?.checking ? 1000 : false) },
  );
  const first = useApi<PicturePage>('/api/pictures', { ...query, limit: PAGE }, { keep: true });
  const change = (name: string, value: string) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        if (value === '') next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );
  return (
    <div className="fill">
      <div className="page-head">
        <h1>Pictures</h1>
        <p className="note" role="status">
          {first.data === undefined ? ' ' : counted(first.data.total, 'picture')}
        </p>
      </div>
      <Filters filters={filters} facets={facets.data} onChange={change} />
      <Loaded query={first} empty={({ total }) => (total === 0 ? <Nothing /> : undefined)}>
        {({ total }) => <PictureGrid key={wanted} query={query} total={total} pageSize={PAGE} />}
      </Loaded>
    </div>
  );
}

/** Pictures of one answer. */
const PAGE = 200;

function Nothing() {
  return <p className="empty">No picture fits these filters.</p>;
}
