/** The formats that are decoded, as sharp names them; heif stands for AVIF. */
export type SourceFormat = 'jpeg' | 'png' | 'webp' | 'gif' | 'tiff' | 'heif';

/** What the first bytes of a file say: a format that is decoded, one that is known and refused, or nothing known. */
export type Signature = { readonly format: SourceFormat } | { readonly refused: string } | undefined;

type Test = (bytes: Uint8Array) => boolean;

/** Bytes at an offset, given as Latin-1 text. */
const at =
  (offset: number, text: string): Test =>
  (bytes) =>
    [...text].every((character, i) => bytes[offset + i] === character.charCodeAt(0));

const any =
  (...tests: Test[]): Test =>
  (bytes) =>
    tests.some((test) => test(bytes));

const both =
  (...tests: Test[]): Test =>
  (bytes) =>
    tests.every((test) => test(bytes));

/** One of the brands in the first box of an ISO base media file (ISO/IEC 14496-12, "ftyp"). */
const brand =
  (...brands: string[]): Test =>
  (bytes) =>
    at(4, 'ftyp')(bytes) && brands.some((name) => brandsOf(bytes).includes(name));

function brandsOf(bytes: Uint8Array): string[] {
  const length = Math.min(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0), bytes.length, 512);
  const text = latin1(bytes.subarray(8, length));
  const compatible = Array.from({ length: Math.max(0, Math.floor(text.length / 4) - 2) }, (_, i) =>
    text.slice(8 + i * 4, 12 + i * 4),
  );
  return [text.slice(0, 4), ...compatible];
}

/** The first bytes as text. */
const beginning =
  (pattern: RegExp): Test =>
  (bytes) =>
    pattern.test(latin1(bytes.subarray(0, 64)));

/** Sizes of the header that follows a BMP file's first 14 bytes. */
const BMP_HEADERS = [12, 16, 40, 52, 56, 64, 108, 124];

const DECODED: readonly (readonly [SourceFormat, Test])[] = [
  ['jpeg', at(0, '\xff\xd8\xff')],
  ['png', at(0, '\x89PNG\r\n\x1a\n')],
  ['gif', any(at(0, 'GIF87a'), at(0, 'GIF89a'))],
  ['webp', both(at(0, 'RIFF'), at(8, 'WEBP'))],
  ['heif', brand('avif', 'avis')],
];

const TIFF = any(at(0, 'II*\0'), at(0, 'MM\0*'), at(0, 'II+\0'), at(0, 'MM\0+'));

/** Formats that people have and that are not decoded, each with the words for a person. */
const REFUSED: readonly (readonly [string, Test])[] = [
  ['a BMP file', both(at(0, 'BM'), (bytes) => BMP_HEADERS.includes(bytes[14] as number))],
  ['a Windows icon or cursor', any(at(0, '\0\0\x01\0'), at(0, '\0\0\x02\0'))],
  ['a Photoshop file', at(0, '8BPS')],
  ['a PPM, PGM or PBM file', beginning(/^P[1-7fF]\s/)],
  ['a JPEG 2000 file', any(at(0, '\0\0\0\x0cjP  \r\n\x87\n'), at(0, '\xff\x4f\xff\x51'))],
  ['a JPEG XL file', any(at(0, '\0\0\0\x0cJXL \r\n\x87\n'), at(0, '\xff\x0a'))],
  ['a JPEG XR file', at(0, 'II\xbc\x01')],
  ['a HEIC file (HEVC)', brand('heic', 'heix', 'heim', 'heis', 'hevc', 'hevx')],
  ['a HEIF file of another kind than AVIF', brand('mif1', 'msf1', 'miaf')],
  [
    "a camera's raw file",
    any(
      both(TIFF, at(8, 'CR')),
      brand('crx '),
      at(0, 'IIRO'),
      at(0, 'IIRS'),
      at(0, 'MMOR'),
      at(0, 'IIU\0'),
      at(0, 'FUJIFILMCCD-RAW'),
    ),
  ],
  ['a film', any(at(4, 'ftyp'), at(0, '\x1aE\xdf\xa3'), both(at(0, 'RIFF'), at(8, 'AVI ')))],
  ['an OpenEXR or Radiance file of high dynamic range', any(at(0, 'v/1\x01'), at(0, '#?R'))],
  ['a PDF or PostScript file', any(at(0, '%PDF'), at(0, '%!PS'), at(0, '\xc5\xd0\xd3\xc6'))],
  ['a GIMP file', at(0, 'gimp xcf')],
  ['a DDS texture', at(0, 'DDS ')],
  ['a QOI file', at(0, 'qoif')],
  ['a DjVu file', at(0, 'AT&TFORM')],
  ['a FITS file', at(0, 'SIMPLE  =')],
  ['a Windows metafile', any(at(0, '\xd7\xcd\xc6\x9a'), both(at(0, '\x01\0\0\0'), at(40, ' EMF')))],
  ['an archive', any(at(0, 'PK\x03\x04'), at(0, '\x1f\x8b'), at(0, 'Rar!'), at(0, '7z\xbc\xaf'))],
];

/**
 * Tells a file's format by its first bytes, whatever its name says. Only what this takes for one of the decoded
 * formats is ever handed to a decoder.
 */
export function signatureOf(bytes: Uint8Array): Signature {
  if (bytes.length < 4) return undefined;
  const decoded = DECODED.find(([, test]) => test(bytes));
  if (decoded !== undefined) return { format: decoded[0] };
  const refused = REFUSED.find(([, test]) => test(bytes));
  if (refused !== undefined) return { refused: refused[0] };
  return TIFF(bytes) ? { format: 'tiff' } : undefined;
}

/** What a file of no known signature seems to be. */
export function describeUnknown(bytes: Uint8Array): string {
  if (bytes.every((byte) => byte === 0)) return 'the file holds only zero bytes';
  const text = startOfText(bytes);
  if (text.startsWith('version https://git-lfs')) return 'it is a Git LFS pointer, not the picture itself';
  if (/^(?:<\?xml[^]*?)?<(?:!doctype html|html)/.test(text)) return 'it is a web page, not a picture';
  if (text.includes('<svg'))
    return 'it is an SVG file, which is not read: it has no pixels of its own and can reach out to other files';
  if (text.startsWith('<?xml') || text.startsWith('<image')) return 'it is an XML file, not a picture';
  if (text.startsWith('push graphic-context') || text.startsWith('viewbox '))
    return 'it is a drawing script (MVG), which is not read: it can reach out to other files';
  return 'its content is not a picture that can be read, or its header is damaged';
}

/** The first kilobytes as text in lower case, of UTF-16 too. */
function startOfText(bytes: Uint8Array): string {
  const start = bytes.subarray(0, 4096);
  const [first, second] = start;
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  const plain = isUtf16 ? start.filter((byte) => byte !== 0).subarray(2) : start;
  return latin1(plain)
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()
    .toLowerCase();
}

const latin1 = (bytes: Uint8Array) => new TextDecoder('latin1').decode(bytes);
