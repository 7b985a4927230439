import { loadSharp } from './codec.js';
import { refuseImage, type ImageLimits } from './refusal.js';

/** What the header of a picture file says. */
export interface ImageHeader {
  /** As sharp names it: jpeg, png, webp, gif, tiff, heif (AVIF). By content, whatever the extension says. */
  readonly format: string;
  /** Pixels, as stored: before the EXIF orientation is applied. */
  readonly width: number;
  readonly height: number;
  /** EXIF orientation 1-8; 1 where there is none. */
  readonly orientation: number;
}

/** The formats that are decoded. SVG is left out: it has no pixels of its own and can reach out to other files. */
const FORMATS = new Set(['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif', 'avif']);

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
  if (bytes.length === 0) throw refuseImage('the file is empty', 'Replace it with the real picture.');
  const sharp = await loadSharp();
  let found: Awaited<ReturnType<ReturnType<typeof sharp>['metadata']>>;
  try {
    found = await sharp(bytes, { limitInputPixels: false }).metadata();
  } catch (error) {
    throw refuseImage(
      describeBytes(bytes),
      'Replace it with a JPEG, PNG, WebP, GIF, TIFF or AVIF file, or remove it.',
      error,
    );
  }
  const { format, width, height, depth, space } = found;
  if (!FORMATS.has(format)) {
    throw refuseImage(
      `it is of the format ${format}, which is not read`,
      'Convert it to PNG or JPEG, or remove it.',
    );
  }
  if (found.compression === 'hevc') {
    throw refuseImage(
      'it is compressed as HEVC (HEIC), which is not read',
      'Convert it to PNG or JPEG, or remove it.',
    );
  }
  if (!DEPTHS.has(depth)) {
    throw refuseImage(
      `its values are of the type ${depth}, and only 8 and 16 bits without sign are read`,
      'Convert it to 8 or 16 bits per channel, or remove it.',
    );
  }
  if (width * height > limits.maxPixels) {
    throw refuseImage(
      `it has ${width}x${height} pixels, more than limits.maxPixels ${limits.maxPixels}`,
      'Shrink it, or raise limits.maxPixels in dataset.json.',
    );
  }
  const orientation = found.orientation ?? 1;
  const header = {
    format,
    width,
    height,
    orientation: orientation >= 1 && orientation <= 8 ? orientation : 1,
  };
  return { header, isGrey: space === 'b-w' || space === 'grey16' };
}

/** What a file that no decoder knows seems to be, from its first bytes. */
function describeBytes(bytes: Uint8Array): string {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, 256)).trimStart().toLowerCase();
  if (bytes.every((byte) => byte === 0)) return 'the file holds only zero bytes';
  if (text.startsWith('version https://git-lfs')) return 'it is a Git LFS pointer, not the picture itself';
  if (text.startsWith('<!doctype html') || text.startsWith('<html')) return 'it is a web page, not a picture';
  if (text.startsWith('bm')) return 'it is a BMP file, which is not read';
  return 'its content is not a picture that can be read, or its header is damaged';
}
