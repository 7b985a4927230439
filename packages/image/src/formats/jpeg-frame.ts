/** Markers that are followed by no length: TEM, RST0-7, SOI. */
const isBare = (marker: number) => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);

/** Markers of a frame header (ITU-T T.81, table B.1): SOF0-15 without DHT, JPG and DAC. */
const isFrame = (marker: number) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

/**
 * The bits per value that a JPEG's first frame header states.
 * @returns undefined where there is none before the scan begins
 */
export function jpegPrecision(bytes: Uint8Array): number | undefined {
  let at = 2;
  while (at + 4 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1] as number;
    if (isFrame(marker)) return bytes[at + 4];
    if (marker === 0xda) return undefined;
    const isFill = marker === 0xff;
    const length = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    at += isFill ? 1 : isBare(marker) ? 2 : 2 + length;
  }
  return undefined;
}
