import { useMemo } from 'react';
import { useSearchParams } from 'react-router';
import { channelHistogramChart, channelMeansChart } from '../../../src/charts/channel-charts.js';
import { logHistogram, sizeChart } from '../../../src/charts/size-charts.js';
import type { PictureFacets } from '../../../src/routes/pictures.js';
import type { ChannelHistograms, Statistics } from '../../../src/routes/statistics.js';
import { useApi } from '../../parts/api.js';
import { ChartFigure } from '../../parts/chart.js';
import { count, spaced } from '../../parts/format.js';
import { Loaded } from '../../parts/states.js';

/** Sizes, shapes and colours of the pictures, by class and split. */
export default function StatisticsPage() {
  const query = useApi<Statistics>('/api/statistics');
  return (
    <>
      <h1>Statistics</h1>
      <Loaded
        query={query}
        empty={({ pictures }) =>
          pictures === 0 ? <p className="empty">There is no picture yet.</p> : undefined
        }
      >
        {(data) => <Charts data={data} />}
      </Loaded>
    </>
  );
}

function Charts({ data }: { data: Statistics }) {
  const { pictures, sizes, aspects, bytes, formats, channels } = data;
  const charts = useMemo(
    () => ({
      size: sizeChart(sizes, pictures),
      aspect: logHistogram({
        name: 'aspect-ratios',
        title: 'Aspect ratio',
        unit: 'ratio',
        label: 'width / height',
        bins: aspects,
        format: '.2~f',
      }),
      bytes: logHistogram({
        name: 'file-sizes',
        title: 'File size',
        unit: 'bytes',
        label: 'bytes of the file',
        bins: bytes,
        format: '~s',
      }),
      means: channelMeansChart(channels.map((row) => ({ ...row, group: row.group }))),
    }),
    [sizes, pictures, aspects, bytes, channels],
  );
  return (
    <>
      <p className="lead">
        {formats.map(({ format, count: found }) => `${count(found)} ${format}`).join(', ')}
      </p>
      <div className="chart-grid">
        <ChartFigure chart={charts.size} />
        <div>
          <ChartFigure chart={charts.aspect} />
          <ChartFigure chart={charts.bytes} />
        </div>
      </div>
      {channels.length === 0 ? (
        <p className="empty">Colours are known once the stage resize has run.</p>
      ) : (
        <ChartFigure chart={charts.means} />
      )}
      <Histograms />
    </>
  );
}

function Histograms() {
  const [search, setSearch] = useSearchParams();
  const wanted = { class: search.get('class'), split: search.get('split') };
  const facets = useApi<PictureFacets>('/api/pictures/facets');
  const query = useApi<ChannelHistograms>('/api/statistics/channels', wanted, { keep: true });
  const choose = (name: 'class' | 'split', values: readonly string[] = []) => (
    <label>
      <span>{name}</span>
      <select
        value={wanted[name] ?? ''}
        onChange={({ target }) =>
          setSearch((before) => {
            const next = new URLSearchParams(before);
            if (target.value === '') next.delete(name);
            else next.set(name, target.value);
            return next;
          })
        }
      >
        <option value="">all</option>
        {values.map((value) => (
          <option key={value} value={value}>
            {spaced(value)}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <section aria-label="Channel histograms">
      <form className="filters" onSubmit={(event) => event.preventDefault()}>
        {choose(
          'class',
          facets.data?.classes.map(({ value }) => value),
        )}
        {choose('split', ['train', 'validation', 'test'])}
      </form>
      <Loaded
        query={query}
        empty={({ tensors }) =>
          tensors === 0 ? (
            <p className="empty">No tensor fits, or the stage normalize has not run.</p>
          ) : undefined
        }
      >
        {(data) => <HistogramFigure data={data} />}
      </Loaded>
    </section>
  );
}

function HistogramFigure({ data }: { data: ChannelHistograms }) {
  const about =
    data.tensors < data.of ? `${data.tensors} of ${count(data.of)} tensors` : `${data.of} tensors`;
  const chart = useMemo(() => channelHistogramChart(data.channels, data.range, about), [data, about]);
  return (
    <>
      <ChartFigure chart={chart} />
      <p className="note">Counted in {about}, as training reads them.</p>
    </>
  );
}
