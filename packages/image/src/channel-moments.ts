/** The first two moments of a picture's channels, values scaled to [0, 1]. */
export interface ChannelMoments {
  /** Mean of red, green, blue. */
  readonly channelMean: [number, number, number];
  /** Mean of the squares of red, green, blue. */
  readonly channelMeanSquare: [number, number, number];
}

/**
 * The channel moments of a picture: means over many pictures follow from them without reading a pixel again.
 * @param rgb uint8 [height, width, 3]
 */
export function channelMoments(rgb: Uint8Array): ChannelMoments {
  const sum: [number, number, number] = [0, 0, 0];
  const square: [number, number, number] = [0, 0, 0];
  for (let i = 0; i < rgb.length; i += 3) {
    for (let c = 0; c < 3; c++) {
      const value = rgb[i + c] as number;
      sum[c as 0] += value;
      square[c as 0] += value * value;
    }
  }
  const pixels = rgb.length / 3;
  const scaled = (values: [number, number, number], scale: number) =>
    values.map((v) => v / (pixels * scale)) as [number, number, number];
  return { channelMean: scaled(sum, 255), channelMeanSquare: scaled(square, 255 * 255) };
}
