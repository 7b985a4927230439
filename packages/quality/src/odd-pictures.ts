import { compareCodePoints } from '@atelier/core';
import type { Looks, Picture } from './facts.js';
import { MIN_DETAIL } from './near-duplicates.js';
import type { Look, QualitySettings, Section } from './section.js';

/** Below this mean brightness (ITU-R BT.601, 0-1) there is hardly anything to see; 532 real paintings begin at 0.063. */
const DARK = 0.05;

/** Below this standard deviation (0-1) in every channel a picture is all but one colour; real paintings begin at 0.070. */
const FLAT = 0.05;

/** Stretched to more than so many times its proportions a picture shows other things than it did; 2 of 532 paintings. */
const STRETCH = 3;

/** Enlarged more than so many times, less than one pixel in sixteen is real. */
const ENLARGEMENT = 4;

/** What each extension promises, as formats are named in the manifest of ingest. */
const EXTENSIONS: Readonly<Record<string, readonly string[]>> = {
  ...each('jpg jpeg jpe jfif', 'jpeg'),
  ...each('png apng', 'png'),
  ...each('tif tiff', 'tiff'),
  ...each('avif heic heif', 'heif avif'),
  ...each('bmp dib', 'bmp'),
  ...each('ppm pgm pbm pnm', 'ppm'),
  ...each('svg svgz', 'svg'),
  ...each('jp2 j2k jpx', 'jp2'),
  ...Object.assign(
    {},
    ...['webp', 'gif', 'ico', 'psd', 'jxl', 'tga', 'exr', 'hdr'].map((name) => each(name, name)),
  ),
};

function each(extensions: string, formats: string): Record<string, string[]> {
  return Object.fromEntries(extensions.split(' ').map((extension) => [extension, formats.split(' ')]));
}

/** A kind of oddity: how odd a picture is (the larger, the worse; undefined for one that is not), and what to say. */
interface Oddity extends Omit<Section, 'findings' | 'severity'> {
  readonly severity: 'warning' | 'note';
  readonly degree: (picture: Picture, settings: QualitySettings) => number | undefined;
  readonly text: (picture: Picture, degree: number) => string;
}

const ODDITIES: readonly Oddity[] = [
  {
    kind: 'blank',
    severity: 'warning',
    title: 'blank pictures',
    advice: 'There is nothing to learn from them; often they stand for a picture that was never delivered.',
    degree: ({ looks }) => (looks !== undefined && isBlank(looks) ? MIN_DETAIL - looks.detail : undefined),
    text: () => 'one colour, or nearly so',
  },
  {
    kind: 'extension',
    severity: 'note',
    title: 'extensions that lie about the content',
    advice: 'They are read by their content all the same; other programs may refuse them.',
    degree: ({ id, format }) => {
      const promised = EXTENSIONS[extensionOf(id)];
      return promised === undefined || promised.includes(format) ? undefined : 0;
    },
    text: ({ format }) => `it is ${format === 'heif' ? 'AVIF' : format.toUpperCase()}`,
  },
  {
    kind: 'tiny',
    severity: 'note',
    title: `pictures that are enlarged more than ${ENLARGEMENT} times`,
    advice: 'They become blurs; look for a larger version.',
    degree: ({ width, height }, { resize }) =>
      above(ENLARGEMENT, Math.max(resize.width / width, resize.height / height)),
    text: ({ width, height }) => `${width}x${height}`,
  },
  {
    kind: 'frames',
    severity: 'note',
    title: 'animations, and files of several pages',
    advice:
      'Only the first is used (of an AVIF file its primary picture); save another one as a file of its own.',
    degree: ({ frames }) => above(1, frames),
    text: ({ frames }) => `${frames} frames or pages`,
  },
  {
    kind: 'aspect-ratio',
    severity: 'note',
    title: `pictures with a side more than ${STRETCH} times too long`,
    advice: 'By resize.fit they are stretched, cropped or padded to one size: look what is left of them.',
    degree: ({ width, height }, { resize }) => {
      const ratio = (width * resize.height) / (height * resize.width);
      return above(STRETCH, Math.max(ratio, 1 / ratio));
    },
    text: ({ width, height }) => `${width}x${height}`,
  },
  {
    kind: 'dark',
    severity: 'note',
    title: 'very dark pictures',
    advice: 'Look whether there is anything to see.',
    degree: ({ looks }) =>
      looks === undefined || isBlank(looks) ? undefined : below(DARK, brightness(looks)),
    text: ({ looks }) => `mean brightness ${percent(brightness(looks as Looks))}`,
  },
  {
    kind: 'low-contrast',
    severity: 'note',
    title: 'pictures of low contrast',
    advice: 'Look whether there is anything to see.',
    degree: ({ looks }) => (looks === undefined || isBlank(looks) ? undefined : below(FLAT, contrast(looks))),
    text: ({ looks }) => `values vary by ${percent(contrast(looks as Looks))}`,
  },
];

/** Oddities that only the resized picture tells. */
const BY_LOOKS = new Set(['blank', 'dark', 'low-contrast']);

/** Pictures that are probably not what somebody meant to put there. */
export const oddPictures: Look = ({ pictures }, settings) => {
  const seen = pictures.some(({ looks }) => looks !== undefined);
  return ODDITIES.filter(({ kind }) => seen || !BY_LOOKS.has(kind)).map(
    ({ kind, severity, title, advice, degree, text }): Section => {
      const found = pictures.flatMap((picture) => {
        const odd = degree(picture, settings);
        return odd === undefined ? [] : [{ picture, odd }];
      });
      found.sort((a, b) => b.odd - a.odd || compareCodePoints(a.picture.id, b.picture.id));
      const findings = found.map(({ picture, odd }) => ({
        text: `${picture.id}: ${text(picture, odd)}`,
        pictures: [picture.id],
        classes: [picture.className],
      }));
      return { kind, severity, title, advice, findings };
    },
  );
};

const isBlank = ({ detail }: Looks) => detail < MIN_DETAIL;

const above = (limit: number, value: number) => (value > limit ? value : undefined);

const below = (limit: number, value: number) => (value < limit ? limit - value : undefined);

const brightness = ({ channelMean: [red, green, blue] }: Looks) => 0.299 * red + 0.587 * green + 0.114 * blue;

/** The largest standard deviation of a channel. */
const contrast = ({ channelMean, channelMeanSquare }: Looks) =>
  Math.max(
    ...channelMean.map((mean, i) => Math.sqrt(Math.max(0, (channelMeanSquare[i] as number) - mean ** 2))),
  );

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

function extensionOf(id: string): string {
  const name = id.slice(id.lastIndexOf('/') + 1);
  return name.includes('.') ? name.slice(name.lastIndexOf('.') + 1).toLowerCase() : '';
}
