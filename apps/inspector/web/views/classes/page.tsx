import { useMemo } from 'react';
import { Link } from 'react-router';
import { classCountsChart, type ClassCount } from '../../../src/charts/class-counts.js';
import type { Classes } from '../../../src/routes/classes.js';
import { useApi } from '../../parts/api.js';
import { ChartFigure } from '../../parts/chart.js';
import { FindingBox } from '../../parts/finding-box.js';
import { count, percent, spaced } from '../../parts/format.js';
import { Loaded } from '../../parts/states.js';

/** Pictures by class and split, what is out of balance and what is empty. */
export default function ClassesPage() {
  const query = useApi<Classes>('/api/classes', {}, { every: (data) => (data?.checking ? 1000 : false) });
  return (
    <>
      <h1>Classes</h1>
      <Loaded
        query={query}
        empty={({ rows }) =>
          rows.length === 0 ? <p className="empty">There is no class yet.</p> : undefined
        }
      >
        {(data) => <ClassTable data={data} />}
      </Loaded>
    </>
  );
}

const SPLITS = ['train', 'validation', 'test', 'none'] as const;

function ClassTable({ data }: { data: Classes }) {
  const { rows, hasSplit, largest, smallest, findings } = data;
  const splits = SPLITS.filter(
    (split) => rows.some((row) => row[split] > 0) && (hasSplit || split === 'none'),
  );
  const total = rows.reduce((sum, row) => sum + row.total, 0);
  const chart = useMemo(
    () =>
      classCountsChart(
        rows.flatMap((row): ClassCount[] =>
          splits.map((split) => ({ className: row.name, split, pictures: row[split] })),
        ),
      ),
    [rows, splits.join()],
  );
  const empty = rows.filter((row) => row.total === 0).length;
  return (
    <>
      <p className="lead">
        {count(total)} pictures in {count(rows.length)} classes; the largest has {count(largest)}, the
        smallest {count(smallest)}
        {smallest > 0 ? ` (${(largest / smallest).toFixed(1)} times as many)` : ''}
        {empty > 0 ? `; ${empty} without a picture` : ''}.
      </p>
      {findings.map((finding) => (
        <FindingBox key={finding.kind} {...finding} count={finding.texts.length}>
          <ul>
            {finding.texts.slice(0, 20).map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </FindingBox>
      ))}
      <ChartFigure chart={chart} />
      <section aria-labelledby="table">
        <h2 id="table">Class by split</h2>
        <div className="table-place">
          <table>
            <thead>
              <tr>
                <th scope="col" className="number">
                  index
                </th>
                <th scope="col">class</th>
                {splits.map((split) => (
                  <th key={split} scope="col" className="number">
                    {split === 'none' ? 'no split' : split}
                  </th>
                ))}
                <th scope="col" className="number">
                  pictures
                </th>
                <th scope="col" className="number">
                  share
                </th>
                <th scope="col" className="number">
                  quarantine
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.name} className={row.total === 0 ? 'is-warning' : undefined}>
                  <td className="number">{row.index}</td>
                  <th scope="row">
                    <Link to={`/pictures?class=${encodeURIComponent(row.name)}`}>{spaced(row.name)}</Link>
                  </th>
                  {splits.map((split) => (
                    <td key={split} className="number">
                      {row[split] === 0 ? (
                        <span className="zero">0</span>
                      ) : (
                        <Link to={`/pictures?class=${encodeURIComponent(row.name)}&split=${split}`}>
                          {count(row[split])}
                        </Link>
                      )}
                    </td>
                  ))}
                  <td className="number">{count(row.total)}</td>
                  <td className="number">{percent(total === 0 ? 0 : row.total / total)}</td>
                  <td className="number">
                    {row.quarantined === 0 ? '' : <Link to="/quarantine">{count(row.quarantined)}</Link>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
    </>
  );
}
