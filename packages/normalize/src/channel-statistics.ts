import type { Manifest } from '@atelier/artifacts';
import { AtelierError, type DatasetConfig } from '@atelier/core';
import type { SampleRow } from './plan-items.js';

/** Mean and standard deviation of red, green, blue, of values in [0, 1]. */
export interface ChannelStatistics {
  readonly mean: [number, number, number];
  readonly std: [number, number, number];
}

/**
 * What the tensors are standardized with: the given values, or those of the train split's source pictures (never of
 * validation or test) from the channel moments that resize recorded; null where nothing is asked for.
 * @throws AtelierError CONFIG_INVALID where only one of mean and std is given, or a channel does not vary
 */
export function channelStatistics(
  { standardize, mean, std }: DatasetConfig['normalize'],
  { resize, rows }: { resize: Manifest; rows: readonly SampleRow[] },
): ChannelStatistics | null {
  if ((mean === null) !== (std === null))
    throw invalid('only one of normalize.mean and normalize.std is given', 'Give both.');
  const statistics =
    mean !== null && std !== null ? { mean, std } : standardize ? trainStatistics(resize, rows) : null;
  if (statistics?.std.some((value) => !(value > 0))) {
    throw invalid(
      `a standard deviation is ${statistics.std.join(', ')}`,
      'It must be above 0: leave normalize.standardize off for pictures that do not vary.',
    );
  }
  return statistics;
}

/** What the values of a tensor lie between: black and white, standardized where statistics are given. */
export function valueRange(
  dtype: DatasetConfig['normalize']['dtype'],
  statistics: ChannelStatistics | null,
): [low: number, high: number] {
  if (dtype === 'uint8') return [0, 255];
  if (statistics === null) return [0, 1];
  const { mean, std } = statistics;
  const bounds = mean.flatMap((m, c) => [-m / (std[c] as number), (1 - m) / (std[c] as number)]);
  return [Math.min(...bounds), Math.max(...bounds)];
}

function trainStatistics(resize: Manifest, rows: readonly SampleRow[]): ChannelStatistics {
  const train = new Set(rows.flatMap((row) => (row.split === 'train' ? [row.sourceId] : [])));
  const pictures = [...resize.items.values()].filter((item) => train.has(item.id));
  const average = (name: string, channel: number) =>
    pictures.reduce((sum, item) => sum + ((item.data?.[name] as number[])[channel] as number), 0) /
    pictures.length;
  const mean = [0, 1, 2].map((c) => average('channelMean', c)) as ChannelStatistics['mean'];
  const std = [0, 1, 2].map((c) =>
    Math.sqrt(Math.max(0, average('channelMeanSquare', c) - (mean[c] as number) ** 2)),
  ) as ChannelStatistics['std'];
  return { mean, std };
}

function invalid(problem: string, hint: string): AtelierError {
  return new AtelierError({ code: 'CONFIG_INVALID', action: 'standardize the pictures', problem, hint });
}
