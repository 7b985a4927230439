import { Link, useSearchParams } from 'react-router';
import type { FindingsPage } from '../../../src/routes/duplicates.js';
import { useApi } from '../../parts/api.js';
import { FindingBox } from '../../parts/finding-box.js';
import { count, counted, spaced } from '../../parts/format.js';
import { Loaded, Waiting } from '../../parts/states.js';
import { Thumbnail } from '../../parts/thumbnail.js';

const PAGE = 30;

/** Pictures that are there more than once, those across splits first, and other odd ones. */
export default function DuplicatesPage() {
  const [search] = useSearchParams();
  const kind = search.get('kind');
  const offset = Number(search.get('offset') ?? 0) || 0;
  const query = useApi<FindingsPage>(
    '/api/findings',
    { kind, offset, limit: PAGE },
    { keep: true, every: (data) => (data?.checking ? 1000 : false) },
  );
  return (
    <>
      <h1>Duplicates and odd pictures</h1>
      <Loaded query={query}>{(data) => <Findings data={data} />}</Loaded>
    </>
  );
}

function Findings({ data }: { data: FindingsPage }) {
  const { kinds, kind, total, offset, findings, clean, notRun, checking } = data;
  if (checking) return <Waiting>Looking for duplicates…</Waiting>;
  const current = kinds.find((each) => each.kind === kind);
  return (
    <>
      {notRun.length > 0 ? (
        <p className="lead">
          Not run yet: {notRun.join(', ')}; what they would tell has not been looked for.
        </p>
      ) : null}
      {kinds.length === 0 ? (
        <p className="empty">Nothing was found: no duplicate, no near-duplicate, no odd picture.</p>
      ) : (
        <nav className="tabs" aria-label="Kinds of findings">
          {kinds.map(({ kind: each, title, count: found, severity }) => (
            <Link
              key={each}
              to={`/duplicates?kind=${each}`}
              className={`is-${severity}`}
              aria-current={each === kind ? 'page' : undefined}
            >
              {title} <b>{count(found)}</b>
            </Link>
          ))}
        </nav>
      )}
      {current === undefined ? null : <FindingBox {...current} />}
      <ol className="groups">
        {findings.map(({ text, pictures, more }) => (
          <li key={text} className="group">
            {pictures.length > 1 ? null : <p className="note">{text}</p>}
            <ul>
              {pictures.map((picture) => (
                <li key={picture.id}>
                  <Link
                    className="tile"
                    to={`/picture?id=${encodeURIComponent(picture.id)}`}
                    title={picture.id}
                  >
                    <Thumbnail id={picture.id} digest={picture.digest} />
                    <span className="tile-name">{picture.id.slice(picture.id.lastIndexOf('/') + 1)}</span>
                    <span className="tile-class">
                      {picture.split === null ? null : <i className={`split is-${picture.split}`} />}
                      {picture.split ?? 'no split'} · {spaced(picture.className)}
                    </span>
                    <span className="tile-class">
                      {picture.width} × {picture.height}
                    </span>
                  </Link>
                </li>
              ))}
            </ul>
            {more > 0 ? <p className="note">and {counted(more, 'more picture')}</p> : null}
          </li>
        ))}
      </ol>
      <Pages kind={kind} offset={offset} total={total} />
      {clean.length > 0 ? <p className="note">Looked for and not found: {clean.join('; ')}.</p> : null}
    </>
  );
}

function Pages({ kind, offset, total }: { kind: string | null; offset: number; total: number }) {
  if (total <= PAGE) return null;
  const to = (start: number) => `/duplicates?kind=${kind ?? ''}&offset=${start}`;
  return (
    <nav className="pages" aria-label="Pages">
      {offset > 0 ? <Link to={to(Math.max(0, offset - PAGE))}>Previous</Link> : null}
      <span>
        {count(offset + 1)} to {count(Math.min(total, offset + PAGE))} of {count(total)}
      </span>
      {offset + PAGE < total ? <Link to={to(offset + PAGE)}>Next</Link> : null}
    </nav>
  );
}
