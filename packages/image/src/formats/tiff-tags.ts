/** The tags of a TIFF file that decide whether its first picture can be used. */
export interface TiffTags {
  /** Tag 262: how values are colours; undefined where the file lacks it. */
  readonly photometric: number | undefined;
  /** Tag 254, bit 0: the picture is a smaller copy of another one in the file. */
  readonly isReduced: boolean;
  /** Tag 50706 is there: an Adobe DNG. */
  readonly isDng: boolean;
}

const NEW_SUBFILE_TYPE = 254;
const PHOTOMETRIC = 262;
const DNG_VERSION = 50706;

/**
 * Reads the first directory of a TIFF or BigTIFF file (TIFF 6.0, Adobe 1992, section 2).
 * @returns undefined where there is no whole directory
 */
export function readTiffTags(bytes: Uint8Array): TiffTags | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const little = bytes[0] === 0x49;
    const big = view.getUint16(2, little) === 43;
    const start = big ? Number(view.getBigUint64(8, little)) : view.getUint32(4, little);
    const count = big ? Number(view.getBigUint64(start, little)) : view.getUint16(start, little);
    const [first, entry] = big ? [start + 8, 20] : [start + 2, 12];
    const values = new Map<number, number>();
    for (let i = 0; i < Math.min(count, 0xffff); i++) {
      const at = first + i * entry;
      const isShort = view.getUint16(at + 2, little) === 3;
      const value = at + (big ? 12 : 8);
      values.set(
        view.getUint16(at, little),
        isShort ? view.getUint16(value, little) : view.getUint32(value, little),
      );
    }
    return {
      photometric: values.get(PHOTOMETRIC),
      isReduced: ((values.get(NEW_SUBFILE_TYPE) ?? 0) & 1) === 1,
      isDng: values.has(DNG_VERSION),
    };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Names of what PhotometricInterpretation may say besides grey, RGB, palette, CMYK and YCbCr. */
const COLOURS = new Map([
  [8, 'CIE Lab'],
  [9, 'ICC Lab'],
  [10, 'ITU Lab'],
  [32803, 'the raw mosaic of a camera'],
  [32844, 'LogL (high dynamic range)'],
  [32845, 'LogLuv (high dynamic range)'],
  [34892, 'linear raw'],
]);

/** Why the first picture of a TIFF file is not one to be used; undefined where nothing speaks against it. */
export function tiffProblem(tags: TiffTags | undefined): string | undefined {
  if (tags === undefined) return 'it is a TIFF file whose directory is damaged or cut off';
  if (tags.isDng) return "it is a camera's raw file (DNG), which is not read";
  if (tags.isReduced) return "its first picture is only a preview of another one, as in a camera's raw file";
  if (tags.photometric === undefined)
    return 'it is a TIFF file that does not say what its values mean (tag 262 is missing)';
  const colours = COLOURS.get(tags.photometric);
  return colours === undefined ? undefined : `its colours are given as ${colours}, which is not read`;
}
