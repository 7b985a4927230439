import { useState } from 'react';
import { useSearchParams } from 'react-router';
import type { Quarantine } from '../../../src/routes/quarantine.js';
import { apiUrl, ask, useApi } from '../../parts/api.js';
import { count, counted } from '../../parts/format.js';
import { saveFile, toCsv } from '../../parts/save.js';
import { Loaded } from '../../parts/states.js';

const STEP = 200;

/** Files that could not be used: what is wrong with each, and what to do. */
export default function QuarantinePage() {
  const [search, setSearch] = useSearchParams();
  const [limit, setLimit] = useState(STEP);
  const filters = { stage: search.get('stage'), text: search.get('text') };
  const query = useApi<Quarantine>('/api/quarantine', { ...filters, limit }, { keep: true, every: 10_000 });
  const set = (name: string, value: string) =>
    setSearch((before) => {
      const next = new URLSearchParams(before);
      if (value === '') next.delete(name);
      else next.set(name, value);
      return next;
    });
  const save = async () => {
    const { items } = await ask<Quarantine>(apiUrl('/api/quarantine', { ...filters, limit: 100_000 }));
    saveFile(
      'quarantine.csv',
      toCsv(items.map((item) => ({ ...item, committed: String(item.committed) }))),
      'text/csv',
    );
  };
  return (
    <>
      <h1>Quarantine</h1>
      <Loaded query={query}>
        {(data) => (
          <>
            <p className="lead">
              {data.total === 0
                ? 'Nothing is in quarantine'
                : `${counted(data.total, 'file')} could not be used`}
              {filters.stage === null && filters.text === null ? '.' : ', of those that fit the filters.'}
            </p>
            <form className="filters" role="search" onSubmit={(event) => event.preventDefault()}>
              <label>
                <span>stage</span>
                <select value={filters.stage ?? ''} onChange={({ target }) => set('stage', target.value)}>
                  <option value="">all</option>
                  {['ingest', 'resize', 'augment'].map((stage) => (
                    <option key={stage}>{stage}</option>
                  ))}
                </select>
              </label>
              <label>
                <span>path or reason holds</span>
                <input
                  type="search"
                  value={filters.text ?? ''}
                  onChange={({ target }) => set('text', target.value)}
                />
              </label>
              {data.total === 0 ? null : (
                <button type="button" className="at-end" onClick={() => void save()}>
                  Save CSV
                </button>
              )}
            </form>
            {data.total === 0 ? null : <Files data={data} />}
            {data.items.length < data.total ? (
              <p className="more">
                <button type="button" onClick={() => setLimit(limit + 5 * STEP)}>
                  Show more of {count(data.total)}
                </button>
              </p>
            ) : null}
            <Skipped data={data} />
          </>
        )}
      </Loaded>
    </>
  );
}

function Files({ data }: { data: Quarantine }) {
  return (
    <>
      {data.reasons.length > 1 ? (
        <ul className="chips" aria-label="Reasons">
          {data.reasons.slice(0, 8).map(({ reason, count: found }) => (
            <li key={reason}>
              {reason} <b>{count(found)}</b>
            </li>
          ))}
        </ul>
      ) : null}
      <div className="table-place">
        <table>
          <thead>
            <tr>
              <th scope="col">file</th>
              <th scope="col">stage</th>
              <th scope="col">what is wrong</th>
              <th scope="col">what to do</th>
            </tr>
          </thead>
          <tbody>
            {data.items.map(({ stage, path, reason, remedy, committed }) => (
              <tr key={`${stage} ${path}`}>
                <th scope="row">
                  <code>{path}</code>
                </th>
                <td>{committed ? stage : `${stage} (not committed)`}</td>
                <td>{reason}</td>
                <td>{remedy}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Skipped({ data: { skipped, skippedTotal } }: { data: Quarantine }) {
  if (skippedTotal === 0) return null;
  return (
    <section aria-labelledby="skipped">
      <h2 id="skipped">Left out: files that are no pictures ({count(skippedTotal)})</h2>
      <div className="table-place">
        <table>
          <thead>
            <tr>
              <th scope="col">file</th>
              <th scope="col">why</th>
            </tr>
          </thead>
          <tbody>
            {skipped.map(({ path, reason }) => (
              <tr key={path}>
                <th scope="row">
                  <code>{path}</code>
                </th>
                <td>{reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
