import { Link } from 'react-router';
import type { Overview, OverviewStage } from '../../../src/routes/overview.js';
import { useApi } from '../../parts/api.js';
import { bytes, count, counted, duration, instant } from '../../parts/format.js';
import { Loaded } from '../../parts/states.js';

/** The pipeline as a line: counts, sizes, times, what is fresh or stale and why; what spoils the dataset. */
export default function OverviewPage() {
  const query = useApi<Overview>('/api/overview', {}, { every: pace });
  return (
    <>
      <h1>Overview</h1>
      <Loaded query={query}>{(data) => <Dataset data={data} />}</Loaded>
    </>
  );
}

/** Often while something is going on. */
function pace(data: Overview | undefined): number {
  const busy =
    data === undefined || data.checkedAt === null || data.stages.some(({ running }) => running !== null);
  return busy ? 1000 : 10_000;
}

function Dataset({ data }: { data: Overview }) {
  const { pictures, classes, splits, stages, findings, problem, root } = data;
  const size = stages.reduce((sum, stage) => sum + stage.sizeBytes, 0);
  return (
    <>
      <p className="lead">
        <code>{root}</code>
      </p>
      {problem === null ? null : (
        <p className="failure" role="alert">
          {problem}
        </p>
      )}
      <dl className="facts">
        <Fact name="pictures" value={pictures === null ? '–' : count(pictures)} to="/pictures" />
        <Fact name="classes" value={classes === null ? '–' : count(classes)} to="/classes" />
        {Object.entries(splits ?? {}).map(([split, pictures]) => (
          <Fact key={split} name={split} value={count(pictures)} to={`/pictures?split=${split}`} />
        ))}
        <Fact name="in all stages" value={bytes(size)} />
      </dl>
      <section aria-labelledby="pipeline">
        <h2 id="pipeline">Pipeline</h2>
        <ol className="pipeline">
          {stages.map((stage) => (
            <Stage key={stage.stage} stage={stage} />
          ))}
        </ol>
        <p className="note">
          {data.checkedAt === null
            ? 'Finding out what is fresh…'
            : `Fresh or stale as of ${instant(data.checkedAt)}, by planning every stage as a dry run does.`}
        </p>
      </section>
      <section aria-labelledby="findings">
        <h2 id="findings">Findings</h2>
        <Findings findings={findings} checking={data.checkedAt === null} />
      </section>
    </>
  );
}

function Fact({ name, value, to }: { name: string; value: string; to?: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{to === undefined ? value : <Link to={to}>{value}</Link>}</dd>
    </div>
  );
}

function Stage({ stage }: { stage: OverviewStage }) {
  const { stage: name, folder, items, files, sizeBytes, quarantined, lastRun, running, why, problem } = stage;
  const state = problem !== null ? 'damaged' : running !== null ? 'running' : (stage.state ?? 'looking');
  return (
    <li className={`stage is-${state.replace(' ', '-')}`}>
      <h3>{name}</h3>
      <p className="state">
        <span className="dot" aria-hidden="true" />
        {state}
      </p>
      <p className="big">{items === null ? '–' : count(items)}</p>
      <p className="note">
        <code>{folder}/</code>
        <br />
        {files > 0 ? `${counted(files, 'file')}, ${bytes(sizeBytes)}` : 'no files'}
        {lastRun === null ? null : (
          <>
            <br />
            <span title={instant(lastRun.startedAt)}>last run {duration(lastRun.durationMs)}</span>
          </>
        )}
      </p>
      {quarantined > 0 ? (
        <p className="warn">
          <Link to={`/quarantine?stage=${name}`}>{count(quarantined)} in quarantine</Link>
        </p>
      ) : null}
      {running === null ? null : <p className="why">{count(running.finished)} finished so far</p>}
      {[...(problem === null ? [] : [problem]), ...why].map((line) => (
        <p key={line} className="why">
          {line}
        </p>
      ))}
    </li>
  );
}

function Findings({ findings, checking }: { findings: Overview['findings']; checking: boolean }) {
  if (checking) return <p className="note">Looking for duplicates, conflicting labels and odd pictures…</p>;
  if (findings === null) return <p className="note">Nothing can be told before the stage ingest has run.</p>;
  if (findings.length === 0) return <p className="note">Nothing found that spoils the dataset.</p>;
  return (
    <ul className="findings">
      {findings.map(({ kind, severity, title, count: found, pictures }) => (
        <li key={title} className={`is-${severity}`}>
          <span className="tag">{severity}</span>
          <Link to={pictures ? `/duplicates?kind=${kind}` : '/classes'}>{title}</Link>
          <b>{count(found)}</b>
        </li>
      ))}
    </ul>
  );
}
