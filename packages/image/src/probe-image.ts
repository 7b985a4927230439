import { loadSharp } from './codec.js';
import { jpegPrecision } from './formats/jpeg-frame.js';
import { describeUnknown, signatureOf, type SourceFormat } from './formats/signatures.js';
import { readTiffTags, tiffProblem } from './formats/tiff-tags.js';
import { exceededLimit, type ImageLimits } from './limits.js';
import { refuseImage, refuseKind } from './refusal.js';

/** What the header of a picture file says. */
export interface ImageHeader {
  /** By content, whatever the extension says; heif stands for AVIF. */
  readonly format: SourceFormat;
  /** Pixels, as stored: before the EXIF orientation is applied. */
  readonly width: number;
  readonly height: number;
  /** EXIF orientation 1-8; 1 where there is none, or one that means nothing. */
  readonly orientation: number;
  /** Frames of an animation or pages of a file, of which the first (AVIF: the primary one) is used; 1 of a still. */
  readonly frames: number;
}

/** Bits per channel that are decoded, as sharp names them: 8 and 16, unsigned. Wider values have no agreed range. */
const DEPTHS = new Set(['uchar', 'ushort']);

/**
 * Reads the header of a picture without decoding it.
 * @throws AtelierError INPUT_INVALID where it is no picture, of a format or depth that is not decoded, or too large
 */
export async function probeImage(bytes: Uint8Array, limits: ImageLimits): Promise<ImageHeader> {
  return (await inspectImage(bytes, limits)).header;
}

/**
 * What {@link probeImage} gives, and whether the picture is stored in shades of grey.
 * @throws AtelierError as {@link probeImage}
 */
export async function inspectImage(
  bytes: Uint8Array,
  limits: ImageLimits,
): Promise<{ header: ImageHeader; isGrey: boolean }> {
  const format = decodedFormat(bytes);
  refuseByHeader(bytes, format);
  const { width, height, depth, space, pages, compression, orientation } = await readHeader(bytes, format);
  if (compression === 'hevc') throw refuseKind('it is a HEIC file (HEVC), which is not read');
  if (!DEPTHS.has(depth)) {
    throw refuseImage(
      `its values are of the type ${depth}, and only 8 and 16 bits without sign are read`,
      'Convert it to 8 or 16 bits per channel, or remove it.',
    );
  }
  const header: ImageHeader = {
    format,
    width,
    height,
    orientation: orientation !== undefined && orientation >= 1 && orientation <= 8 ? orientation : 1,
    frames: pages ?? 1,
  };
  const refusal = exceededLimit({ ...header, sizeBytes: bytes.length }, limits);
  if (refusal !== undefined) throw refusal;
  return { header, isGrey: space === 'b-w' || space === 'grey16' };
}

/** The format by the first bytes: no decoder sees anything else, whatever libvips would make of it. */
function decodedFormat(bytes: Uint8Array): SourceFormat {
  if (bytes.length === 0) throw refuseImage('the file is empty', 'Replace it with the real picture.');
  const signature = signatureOf(bytes);
  if (signature === undefined) {
    throw refuseImage(
      describeUnknown(bytes),
      'Replace it with a JPEG, PNG, WebP, GIF, TIFF or AVIF file, or remove it.',
    );
  }
  if ('refused' in signature) throw refuseKind(`it is ${signature.refused}, which is not read`);
  return signature.format;
}

/** What libvips would misread, or could not say what is wrong with. */
function refuseByHeader(bytes: Uint8Array, format: SourceFormat): void {
  const precision = format === 'jpeg' ? jpegPrecision(bytes) : undefined;
  if (precision !== undefined && precision !== 8)
    throw refuseKind(`it is a JPEG file of ${precision} bits per value, and only 8 are read`);
  const problem = format === 'tiff' ? tiffProblem(readTiffTags(bytes)) : undefined;
  if (problem !== undefined) throw refuseKind(problem);
}

async function readHeader(bytes: Uint8Array, format: SourceFormat) {
  const sharp = await loadSharp();
  try {
    return await sharp(bytes, { limitInputPixels: false }).metadata();
  } catch (error) {
    throw refuseImage(
      `it begins as ${NAMES[format]}, and its header is damaged or of a kind that is not read`,
      'Fetch it again from its source, or open it in an image editor and save it anew, or remove it.',
      error,
    );
  }
}

const NAMES: Readonly<Record<SourceFormat, string>> = {
  jpeg: 'a JPEG file',
  png: 'a PNG file',
  webp: 'a WebP file',
  gif: 'a GIF file',
  tiff: 'a TIFF file',
  heif: 'an AVIF file',
};
