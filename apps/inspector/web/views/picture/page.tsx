import { useMemo } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router';
import { oneHotChart } from '../../../src/charts/channel-charts.js';
import type { PictureTrace, TracedItem } from '../../../src/routes/trace.js';
import { apiUrl, useApi } from '../../parts/api.js';
import { ChartFigure } from '../../parts/chart.js';
import { bytes, instant, spaced } from '../../parts/format.js';
import { Loaded, Message } from '../../parts/states.js';
import { TensorPanel } from './tensor-panel.js';

/** One picture through every stage, side by side: files, parameters, keys, digests, reasons, tensor, one-hot row. */
export default function PicturePage() {
  const [search] = useSearchParams();
  const id = search.get('id') ?? '';
  const query = useApi<PictureTrace>('/api/trace', { id }, { when: id !== '' });
  if (id === '') return <Message title="No picture is chosen">Choose one on the page of pictures.</Message>;
  return <Loaded query={query}>{(data) => <Picture key={data.sourceId} data={data} />}</Loaded>;
}

function Picture({ data }: { data: PictureTrace }) {
  const { sourceId, className, split, previous, next, oneHot, stages } = data;
  const navigate = useNavigate();
  const name = sourceId.slice(sourceId.lastIndexOf('/') + 1);
  const augment = stages.find(({ stage }) => stage === 'augment')?.items ?? [];
  const chart = useMemo(() => (oneHot === null ? null : oneHotChart(oneHot.classes, oneHot.row)), [oneHot]);
  const to = (id: string) => `/picture?id=${encodeURIComponent(id)}`;
  return (
    <div
      onKeyDown={({ key, target }) => {
        if (target instanceof HTMLSelectElement) return;
        if (key === 'ArrowLeft' && previous !== null) void navigate(to(previous));
        if (key === 'ArrowRight' && next !== null) void navigate(to(next));
      }}
    >
      <div className="page-head">
        <h1>{name}</h1>
        <p className="note">
          {split === null ? null : <i className={`split is-${split}`} />}
          {split ?? 'in no split'} ·{' '}
          <Link to={`/pictures?class=${encodeURIComponent(className)}`}>{spaced(className)}</Link>
        </p>
        <nav className="pages" aria-label="Neighbours">
          {previous === null ? null : <Link to={to(previous)}>Previous</Link>}
          {next === null ? null : <Link to={to(next)}>Next</Link>}
        </nav>
      </div>
      <p className="lead">
        <code>{sourceId}</code>
      </p>
      <ol className="trace">
        {stages.map(({ stage, items }) => (
          <li key={stage} className={`trace-stage ${stage === 'augment' ? 'is-wide' : ''}`}>
            <h2>{stage}</h2>
            {items.length === 0 ? <p className="note">nothing</p> : null}
            <div className="trace-items">
              {items.map((item) => (
                <Item key={item.id} stage={stage} item={item} />
              ))}
            </div>
          </li>
        ))}
      </ol>
      {augment.length > 0 ? <TensorPanel samples={augment.map(({ id }) => id)} /> : null}
      {chart === null ? null : <ChartFigure chart={chart} />}
    </div>
  );
}

/** Which picture of a stage is shown. */
const PICTURES: Readonly<Record<string, string>> = {
  ingest: 'source',
  resize: 'resized',
  augment: 'generated',
};

function Item({ stage, item }: { stage: string; item: TracedItem }) {
  const { id, digest, key, outputs, inputs, otherInputs, facts, quarantine, made } = item;
  const shown = quarantine === null ? PICTURES[stage] : undefined;
  const src = shown === undefined ? undefined : apiUrl('/api/picture', { stage: shown, id, v: digest });
  return (
    <div className="trace-item">
      {src === undefined ? null : (
        <a href={src} target="_blank" rel="noreferrer" title="the file itself">
          <img src={src} alt={`${id}, ${stage}`} loading="lazy" />
        </a>
      )}
      {quarantine === null ? null : (
        <p className="failure">
          {quarantine.reason}. {quarantine.remedy}
        </p>
      )}
      <dl className="values">
        {flat(facts).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <details>
        <summary>files and key</summary>
        <dl className="values">
          {inputs.map(({ path, sha256 }) => (
            <Line key={path} name="from" value={path} digest={sha256} />
          ))}
          {otherInputs > 0 ? <Line name="and from" value={`${otherInputs} others`} /> : null}
          {outputs.map(({ path, sha256, sizeBytes }) => (
            <Line key={path} name="to" value={`${path}, ${bytes(sizeBytes)}`} digest={sha256} />
          ))}
          <Line name="key" value="" digest={key} />
          <Line
            name="made"
            value={made === null ? 'at a time that is not known' : `${instant(made.at)}: ${made.reason}`}
          />
        </dl>
      </details>
    </div>
  );
}

function Line({ name, value, digest }: { name: string; value: string; digest?: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value} {digest === undefined ? null : <code title={digest}>{digest.slice(0, 12)}</code>}
      </dd>
    </div>
  );
}

/** Facts as lines: "rotation degrees", "22.5"; what is null did not happen and is left out. */
function flat(value: unknown, prefix = ''): [string, string][] {
  if (value === null || value === undefined) return [];
  if (typeof value === 'number')
    return [[prefix, Number.isInteger(value) ? String(value) : value.toPrecision(4)]];
  if (typeof value !== 'object') return [[prefix, String(value)]];
  if (Array.isArray(value)) {
    const numbers = value.every((each) => typeof each === 'number');
    return [
      [prefix, numbers ? value.map((each: number) => each.toPrecision(3)).join(', ') : value.join(', ')],
    ];
  }
  return Object.entries(value).flatMap(([name, child]) =>
    flat(child, [prefix === 'parameters' ? '' : prefix, name].filter(Boolean).join(' ')),
  );
}
