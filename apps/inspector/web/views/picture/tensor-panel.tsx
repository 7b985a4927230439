import { useMemo, useState } from 'react';
import { channelHistogramChart, heatMapChart } from '../../../src/charts/channel-charts.js';
import type { TensorView } from '../../../src/routes/trace.js';
import { useApi } from '../../parts/api.js';
import { ChartFigure } from '../../parts/chart.js';
import { Loaded } from '../../parts/states.js';

const CHANNELS = ['all', 'red', 'green', 'blue'] as const;

/** The tensor of one variant: heat map, histogram, statistics. */
export function TensorPanel({ samples }: { samples: readonly string[] }) {
  const [sample, setSample] = useState(samples[0] ?? '');
  const [channel, setChannel] = useState<string>('all');
  const query = useApi<TensorView>('/api/tensor', { id: sample, channel }, { keep: true });
  return (
    <section aria-labelledby="tensor">
      <h2 id="tensor">Tensor</h2>
      <form className="filters" onSubmit={(event) => event.preventDefault()}>
        <label>
          <span>variant</span>
          <select value={sample} onChange={({ target }) => setSample(target.value)}>
            {samples.map((id) => (
              <option key={id} value={id}>
                {id.slice(id.lastIndexOf('#') + 1)}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>channel</span>
          <select value={channel} onChange={({ target }) => setChannel(target.value)}>
            {CHANNELS.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      </form>
      <Loaded query={query}>{(data) => <Tensor data={data} />}</Loaded>
    </section>
  );
}

function Tensor({ data }: { data: TensorView }) {
  const about = `of ${data.sampleId}`;
  const map = useMemo(() => heatMapChart(data.map, data.range, about), [data, about]);
  const histogram = useMemo(
    () =>
      channelHistogramChart(
        data.channels.map(({ bins }) => bins),
        data.range,
        `the tensor ${about}`,
      ),
    [data, about],
  );
  return (
    <>
      <p className="note">
        <code>{data.path}</code>, row {data.row}: {data.dtype} [{data.shape.join(', ')}]
      </p>
      <div className="chart-grid">
        <ChartFigure chart={map} />
        <div>
          <ChartFigure chart={histogram} />
          <div className="table-place">
            <table>
              <thead>
                <tr>
                  <th scope="col">channel</th>
                  {['min', 'max', 'mean', 'std'].map((name) => (
                    <th key={name} scope="col" className="number">
                      {name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {data.channels.map(({ min, max, mean, std }, c) => (
                  <tr key={CHANNELS[c + 1]}>
                    <th scope="row">{CHANNELS[c + 1]}</th>
                    {[min, max, mean, std].map((value, i) => (
                      <td key={i} className="number">
                        {value.toFixed(4)}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </div>
      </div>
    </>
  );
}
