import type { AtelierError } from '@atelier/core';
import { loadSharp } from './codec.js';
import type { ImageLimits } from './limits.js';
import { probeImage } from './probe-image.js';
import { prepareImage, resizeImage } from './resize-image.js';
import {
  chunk,
  deepTiff,
  isoFile,
  joined,
  jpegClaiming,
  jpegOf,
  latin1,
  losslessJpeg,
  pngClaiming,
  pngOf,
  profileSegments,
  retagged,
  segment,
  withChunks,
  withSegments,
} from './testing/odd-files.js';
import {
  BLACK,
  options,
  picture,
  pipeline,
  png,
  quadrants,
  scene,
  worst,
  type Rgb,
} from './testing/pictures.js';

const COLOUR: Rgb = [200, 60, 30];
const limits: ImageLimits = { maxPixels: 2e8, maxSide: 65_535, maxFrames: 5, maxPixelsPerByte: 1000 };
const small = { ...options({ width: 8, height: 8 }), limits };

/** The colour that all of a picture has, within a few levels; fails where it has several. */
async function colourOf(bytes: Uint8Array): Promise<Rgb> {
  const { data } = await resizeImage(bytes, small);
  const first = [...data.subarray(0, 3)] as unknown as Rgb;
  for (let i = 0; i < data.length; i += 3) {
    expect(worst(data.subarray(i, i + 3), Uint8Array.from(first))).toBeLessThanOrEqual(2);
  }
  return first;
}
async function expectColour(bytes: Uint8Array, colour: Rgb): Promise<void> {
  expect(worst(Uint8Array.from(await colourOf(bytes)), Uint8Array.from(colour))).toBeLessThanOrEqual(2);
}
async function refusal(bytes: Uint8Array): Promise<AtelierError> {
  const error = (await resizeImage(bytes, small).catch((thrown: unknown) => thrown)) as AtelierError;
  expect(error).toMatchObject({ code: 'INPUT_INVALID' });
  expect(error.hint).not.toBe('');
  return error;
}
/** Two pictures, the first of the wanted colour, as frames or pages of one file. */
async function framed(format: 'gif' | 'webp' | 'tiff', frames = 2): Promise<Uint8Array> {
  const sharp = (await loadSharp()) as unknown as (
    input: Uint8Array[],
    how: object,
  ) => Awaited<ReturnType<typeof pipeline>>;
  const files = await Promise.all(
    Array.from({ length: frames }, (_, i) => pngOf(i === 0 ? COLOUR : [i * 20, 9, 200])),
  );
  return sharp(files, { join: { animated: true } })
    [format](format === 'webp' ? { lossless: true } : {})
    .toBuffer();
}
async function displayP3(): Promise<Uint8Array> {
  const file = await (await pipeline(quadrants(4, 4))).withIccProfile('p3').png().toBuffer();
  return (await (await loadSharp())(file).metadata()).icc as Uint8Array;
}

describe('odd, but all its pixels are there: taken', () => {
  it.each<[string, () => Promise<Uint8Array>]>([
    [
      'bytes behind the end of a JPEG',
      async () => joined(await jpegOf(COLOUR), new Uint8Array(3000).fill(77)),
    ],
    ['bytes behind the end of a PNG', async () => joined(await pngOf(COLOUR), latin1('IDAT more'))],
    [
      'a second IDAT behind the end of a PNG',
      async () => joined(await pngOf(COLOUR), chunk('IDAT', new Uint8Array(9))),
    ],
    [
      'a gain map: a second JPEG behind the first, named in its XMP',
      async () => {
        const map = await jpegOf([128, 128, 128]);
        const xmp =
          'http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF ' +
          'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description ' +
          'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0" ' +
          'xmlns:Container="http://ns.google.com/photos/1.0/container/" ' +
          'xmlns:Item="http://ns.google.com/photos/1.0/container/item/"><Container:Directory><rdf:Seq>' +
          '<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="Primary" Item:Mime="image/jpeg"/>' +
          '</rdf:li><rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="GainMap" ' +
          `Item:Mime="image/jpeg" Item:Length="${map.length}"/></rdf:li></rdf:Seq></Container:Directory>` +
          '</rdf:Description></rdf:RDF></x:xmpmeta>';
        return joined(withSegments(await jpegOf(COLOUR), segment(0xe1, latin1(xmp))), map);
      },
    ],
    [
      'several Photoshop blocks',
      async () => {
        const block = segment(0xed, latin1('Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\0'));
        return withSegments(await jpegOf(COLOUR), block, block, block);
      },
    ],
    [
      'EXIF that is rubbish',
      async () => {
        const rubbish = segment(0xe1, joined(latin1('Exif\0\0'), new Uint8Array(60).fill(200)));
        return withSegments(await jpegOf(COLOUR), rubbish);
      },
    ],
    [
      'two EXIF blocks',
      async () => {
        const block = segment(0xe1, latin1('Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0'));
        return withSegments(await jpegOf(COLOUR), block, block);
      },
    ],
    [
      'a colour profile that is rubbish',
      async () => withSegments(await jpegOf(COLOUR), ...profileSegments(new Uint8Array(400).fill(7))),
    ],
    [
      'a colour profile with a part missing',
      async () => {
        const [first, second] = profileSegments(new Uint8Array(100_000).fill(7)) as [Uint8Array, Uint8Array];
        expect(second.length).toBeGreaterThan(0);
        return withSegments(await jpegOf(COLOUR), first);
      },
    ],
    [
      'a colour profile of a PNG that is rubbish',
      async () => withChunks(await pngOf(COLOUR), chunk('iCCP', latin1('x\0\0rubbish'))),
    ],
    [
      'an unknown chunk that is not critical',
      async () => withChunks(await pngOf(COLOUR), chunk('prVt', latin1('anything'))),
    ],
    [
      'text that unpacks to much more than its file',
      async () => {
        const { deflateSync } = await import('node:zlib');
        const bomb = joined(latin1('x\0\0'), deflateSync(new Uint8Array(50_000_000)));
        return withChunks(await pngOf(COLOUR), chunk('zTXt', bomb), chunk('iCCP', bomb));
      },
    ],
    [
      'an orientation in a text chunk, which nothing obeys',
      async () => withChunks(await pngOf(COLOUR), chunk('tEXt', latin1('exif:Orientation\x006'))),
    ],
    [
      'an animated PNG: its default image',
      async () => {
        const file = await pngOf(COLOUR);
        const end = file.length - 12; // before IEND
        const control = (sequence: number) =>
          chunk('fcTL', Uint8Array.of(0, 0, 0, sequence, 0, 0, 0, 24, 0, 0, 0, 16, ...new Uint8Array(14)));
        const animated = withChunks(
          file.subarray(0, end),
          chunk('acTL', Uint8Array.of(0, 0, 0, 2, 0, 0, 0, 0)),
        );
        const frame = chunk('fdAT', joined(Uint8Array.of(0, 0, 0, 2), new Uint8Array(20)));
        return joined(animated, control(1), frame, file.subarray(end));
      },
    ],
    ['an animated GIF', () => framed('gif')],
    ['an animated WebP', () => framed('webp')],
    ['a TIFF of several pages', () => framed('tiff')],
  ])('%s', async (_, make) => expectColour(await make(), COLOUR));

  it('the number of frames or pages is told', async () => {
    expect(await probeImage(await framed('gif', 3), limits)).toMatchObject({ frames: 3, height: 16 });
    expect(await probeImage(await framed('tiff', 3), limits)).toMatchObject({ frames: 3, height: 16 });
  });

  it('a lossless JPEG (SOF3)', async () => {
    const grey = (x: number, y: number) => (x < 4 ? 250 : 10) - y;
    const { data } = await resizeImage(losslessJpeg(8, 8, grey), small);
    const wanted = Array.from({ length: 64 }, (_, i) => grey(i % 8, i >> 3)).flatMap((v) => [v, v, v]);
    expect(data).toEqual(Uint8Array.from(wanted));
  });

  it('a colour profile of half a megabyte in many parts, which is obeyed', async () => {
    const profile = Buffer.concat([await displayP3(), new Uint8Array(500_000)]);
    profile.writeUInt32BE(profile.length, 0);
    const parts = profileSegments(profile);
    expect(parts.length).toBeGreaterThan(7);
    const [red, green] = await colourOf(withSegments(await jpegOf(COLOUR), ...parts));
    expect(red - COLOUR[0]).toBeGreaterThan(10);
    expect(COLOUR[1] - green).toBeGreaterThan(10);
  });

  it.each([0, 9, 60_000])('an EXIF orientation of %i means nothing', async (orientation) => {
    const turned = await (await pipeline(scene(24, 16))).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const at = turned.indexOf(Uint8Array.of(0x12, 0x01, 3, 0)); // the tag, little-endian, and its type
    const odd = Buffer.from(turned);
    odd.writeUInt16LE(orientation, at + 8);
    expect(await probeImage(turned, limits)).toMatchObject({ orientation: 6 });
    expect(await probeImage(odd, limits)).toMatchObject({ orientation: 1 });
    const plain = await (await pipeline(scene(24, 16))).jpeg().toBuffer();
    expect((await resizeImage(odd, small)).data).toEqual((await resizeImage(plain, small)).data);
  });

  it.each(['png', 'webp', 'tiff', 'avif'] as const)('the orientation of a %s is obeyed', async (format) => {
    const lossless = format === 'webp' ? { lossless: true } : {};
    const upright = picture(16, 8, (x) => (x < 8 ? COLOUR : [10, 20, 220]));
    const file = await (
      await pipeline(upright)
    )
      .withMetadata({ orientation: 6 })
      [format](lossless as never)
      .toBuffer();
    const { data } = await resizeImage(file, { ...small, resize: { ...small.resize, width: 8, height: 16 } });
    // turned by a quarter clockwise: what was left is above
    expect(worst(data.subarray(0, 3), Uint8Array.from(COLOUR))).toBeLessThan(12);
    expect(worst(data.subarray(-3), Uint8Array.of(10, 20, 220))).toBeLessThan(12);
  });

  it('one pixel', async () => expectColour(await png(picture(1, 1, () => COLOUR)), COLOUR));

  it('all black', async () => {
    const { pixels } = await prepareImage(await jpegOf(BLACK), small);
    expect(Math.max(...pixels)).toBe(0);
  });

  it.each([
    [65_535, 1],
    [1, 65_535],
  ])('sides of %ix%i', async (width, height) => {
    const image = { data: new Uint8Array(width * height * 3).fill(90), width, height };
    await expectColour(await png(image), [90, 90, 90]);
  });

  it('a colour key and a background of a PNG: transparent is what the key says, and shows our background', async () => {
    const key = chunk('tRNS', Uint8Array.of(0, COLOUR[0], 0, COLOUR[1], 0, COLOUR[2]));
    const background = chunk('bKGD', Uint8Array.of(0, 1, 0, 2, 0, 250));
    await expectColour(withChunks(await pngOf(COLOUR), key, background), [255, 255, 255]);
    await expectColour(withChunks(await pngOf([9, 60, 30]), key, background), [9, 60, 30]);
  });

  it('a GIF without a palette', async () => {
    const gif = joined(
      latin1('GIF89a'),
      Uint8Array.of(1, 0, 1, 0, 0, 0, 0), // a screen of one pixel
      Uint8Array.of(0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3b), // a frame of one pixel
    );
    const [red, green, blue] = await colourOf(gif);
    expect([green, blue]).toEqual([red, red]);
  });

  it('a big-endian TIFF of 16 bits: the upper eight', async () => {
    await expectColour(
      deepTiff(8, 8, () => 0x5a01),
      [0x5a, 0x5a, 0x5a],
    );
  });

  it('a TIFF of several pages that says it has none', async () => {
    const file = await framed('tiff', 3);
    const bytes = Buffer.from(retagged(file, 297, { value: 0 }));
    expect(bytes.equals(file)).toBe(true); // the number of the first page; that of all follows it
    const at = bytes.indexOf(Uint8Array.of(0x29, 1, 3, 0, 2, 0, 0, 0, 0, 0, 3, 0)); // tag 297, two values: 0 of 3
    expect(at).toBeGreaterThan(0);
    bytes.writeUInt16LE(0, at + 10);
    await expectColour(bytes, COLOUR);
    expect(await probeImage(bytes, limits)).toMatchObject({ frames: 3 });
  });

  it('2 x 1 pixels of a GIF whose screen is larger than its frame', async () => {
    const gif = Buffer.from(await (await pipeline(picture(2, 1, () => COLOUR))).gif().toBuffer());
    gif.writeUInt16LE(60_000, 6);
    gif.writeUInt16LE(60_000, 8);
    await expectColour(gif, COLOUR);
  });
});

describe('not all of it is there, or nothing says what it means: refused', () => {
  const tiff = async () =>
    new Uint8Array(
      await (await pipeline(picture(8, 8, () => COLOUR))).tiff({ compression: 'none' }).toBuffer(),
    );

  it.each<[string, () => Promise<Uint8Array>, RegExp]>([
    ['only SOI and EOI', async () => Uint8Array.of(0xff, 0xd8, 0xff, 0xd9), /begins as a JPEG file/],
    ['one byte', async () => Uint8Array.of(0xff), /not a picture/],
    [
      'the first kilobyte of a JPEG header',
      async () => {
        const comment = segment(0xfe, new Uint8Array(2000).fill(65));
        return withSegments(await jpegOf(COLOUR), comment).slice(0, 1024);
      },
      /begins as a JPEG file/,
    ],
    [
      'junk before a marker',
      async () => {
        const jpeg = await jpegOf(COLOUR);
        const at = Buffer.from(jpeg).indexOf(Uint8Array.of(0xff, 0xc4)); // before the first Huffman table
        return joined(jpeg.subarray(0, at), latin1('junk!'), jpeg.subarray(at));
      },
      /cut off or damaged/,
    ],
    [
      'an APP14 segment that is shorter than it says',
      async () => {
        const adobe = segment(0xee, latin1('Adobe\0d\0\0\0\0\x01'));
        return withSegments(await jpegOf(COLOUR), adobe.slice(0, -1));
      },
      /damaged/,
    ],
    [
      'damaged bytes in a scan',
      async () => {
        const jpeg = Uint8Array.from(await (await pipeline(scene(200, 150))).jpeg().toBuffer());
        for (let i = 2000; i < 2400; i++) jpeg[i] = (i * i * 31) & 255;
        return jpeg;
      },
      /cut off or damaged/,
    ],
    [
      'a PNG with a wrong checksum of its header',
      async () => {
        const file = Uint8Array.from(await pngOf(COLOUR));
        file[30] = (file[30] as number) ^ 1;
        return file;
      },
      /cut off or damaged/,
    ],
    [
      'a PNG with an unknown chunk that is critical',
      async () => withChunks(await pngOf(COLOUR), chunk('ABCD', latin1('x'))),
      /begins as a PNG file/,
    ],
    [
      'a PNG without pixels',
      async () => {
        const file = await pngOf(COLOUR);
        return joined(file.subarray(0, 33), chunk('IEND', new Uint8Array(0)));
      },
      /damaged/,
    ],
    [
      'a JPEG of 12 bits per value',
      async () => {
        const jpeg = Uint8Array.from(await jpegOf(COLOUR));
        jpeg[Buffer.from(jpeg).indexOf(Uint8Array.of(0xff, 0xc0)) + 4] = 12;
        return jpeg;
      },
      /12 bits per value/,
    ],
    [
      'a GIF that ends behind its header',
      async () => (await framed('gif')).slice(0, 13),
      /begins as a GIF file/,
    ],
    [
      'a TIFF whose directory lies behind its end',
      async () => joined(latin1('II*\0'), Uint8Array.of(255, 255, 255, 127), new Uint8Array(8)),
      /directory is damaged/,
    ],
    ['a TIFF in CIE Lab', async () => retagged(await tiff(), 262, { value: 8 }), /CIE Lab/],
    [
      'a TIFF that does not say what its values mean',
      async () => retagged(await tiff(), 262, { tag: 65_000 }),
      /tag 262 is missing/,
    ],
    ["a camera's preview", async () => retagged(await tiff(), 296, { tag: 254, value: 1 }), /only a preview/],
    ['a DNG', async () => retagged(await tiff(), 296, { tag: 50_706 }), /raw file \(DNG\)/],
    [
      'a TIFF of signed 8-bit values',
      async () => retagged(await tiff(), 339, { value: 2 }),
      /begins as a TIFF file/,
    ],
  ])('%s', async (_, make, reason) => {
    const { problem } = await refusal(await make());
    expect(problem).toMatch(reason);
  });
});

describe('a format that is not read is refused by its name', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['BMP', joined(latin1('BM'), new Uint8Array(12), Uint8Array.of(40), new Uint8Array(50)), /BMP/],
    [
      'a BMP that claims six million megapixels',
      joined(latin1('BM'), new Uint8Array(12), Uint8Array.of(40, 0, 0, 0, 192, 198, 45, 0, 128, 132, 30, 0)),
      /BMP/,
    ],
    ['ICO', Uint8Array.of(0, 0, 1, 0, 1, 0, 16, 16), /icon/],
    ['PSD', latin1('8BPS\0\x01'), /Photoshop/],
    ['PPM', latin1('P6\n128 128\n255\n'), /PPM/],
    ['JPEG 2000', latin1('\0\0\0\x0cjP  \r\n\x87\n'), /JPEG 2000/],
    ['a JPEG 2000 stream', latin1('\xff\x4f\xff\x51\0'), /JPEG 2000/],
    ['JPEG XL', latin1('\xff\x0a\0\0'), /JPEG XL/],
    ['HEIC', isoFile('heic', 'mif1', 'heic'), /HEIC/],
    ['HEIC by its compatible brands', isoFile('mif1', 'mif1', 'heic'), /HEIC/],
    ['HEIF of some other kind', isoFile('mif1', 'mif1'), /HEIF/],
    ['a film', isoFile('isom', 'mp42'), /film/],
    ['a raw file of Canon', joined(latin1('II*\0\x10\0\0\0CR\x02\0'), new Uint8Array(20)), /raw file/],
    ['OpenEXR', latin1('v/1\x01\x02'), /OpenEXR/],
    ['PDF', latin1('%PDF-1.7\n'), /PDF/],
    ['PostScript', latin1('%!PS-Adobe-3.0\n'), /PostScript/],
    ['a zip archive', latin1('PK\x03\x04....'), /archive/],
    ['a compressed SVG', latin1('\x1f\x8b\x08\0'), /archive/],
  ])('%s', async (_, bytes, reason) => {
    const { problem, hint } = await refusal(bytes);
    expect(problem).toMatch(reason);
    expect(problem).toMatch(/which is not read/);
    expect(hint).toMatch(/Convert it to PNG or JPEG, or remove it/);
  });
});

describe('what could reach out is refused, whatever its name and its coding', () => {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/hostname"/></svg>';
  const utf16 = (text: string) => joined(Uint8Array.of(0xff, 0xfe), Buffer.from(text, 'utf16le'));

  it.each<[string, Uint8Array, RegExp]>([
    ['SVG', latin1(svg), /SVG/],
    [
      'SVG behind a declaration and a comment',
      latin1(`<?xml version="1.0"?>\n<!-- ${'x'.repeat(900)} -->\n${svg}`),
      /SVG/,
    ],
    ['SVG with a byte order mark', joined(Uint8Array.of(0xef, 0xbb, 0xbf), latin1(`\n ${svg}`)), /SVG/],
    ['SVG in UTF-16', utf16(svg), /SVG/],
    ['SVG behind much white space', latin1(' '.repeat(900) + svg), /SVG/],
    [
      "ImageMagick's MVG",
      latin1('push graphic-context\nviewbox 0 0 9 9\nimage over 0,0 9,9 "/etc/hostname"'),
      /MVG/,
    ],
    [
      "ImageMagick's MSL",
      latin1('<?xml version="1.0"?><image><read filename="/etc/hostname"/></image>'),
      /XML/,
    ],
    ["libvips' matrix", latin1('2 2\n1 2\n3 4\n'), /not a picture/],
    ["libvips' own format", Uint8Array.of(8, 242, 166, 182, ...new Uint8Array(80)), /not a picture/],
    ['comma-separated values', latin1('1,2,3\n4,5,6\n'), /not a picture/],
  ])('%s', async (_, bytes, reason) => {
    expect((await refusal(bytes)).problem).toMatch(reason);
  });

  it('libvips has no other loader open than those of the formats that are read', async () => {
    const sharp = await loadSharp();
    for (const bytes of [latin1(svg), latin1(`<?xml version="1.0"?>${svg}`)]) {
      await expect(sharp(bytes).metadata()).rejects.toThrow(/unsupported/);
    }
  });
});

describe('limits of the header, before anything is decoded', () => {
  const within = (changed: Partial<ImageLimits>) => ({ ...limits, ...changed });

  it('maxPixels, exactly', async () => {
    const file = await pngOf(COLOUR);
    await expect(probeImage(file, within({ maxPixels: 384 }))).resolves.toMatchObject({ width: 24 });
    await expect(probeImage(file, within({ maxPixels: 383 }))).rejects.toThrow(
      /24x16 pixels, more than limits.maxPixels 383. Shrink it, or raise limits.maxPixels/,
    );
  });

  it('maxSide, exactly, of either side', async () => {
    for (const file of [await pngOf(COLOUR), await png(picture(16, 24, () => COLOUR))]) {
      await expect(probeImage(file, within({ maxSide: 24 }))).resolves.toBeDefined();
      await expect(probeImage(file, within({ maxSide: 23 }))).rejects.toThrow(
        /longer side has 24 pixels, more than limits.maxSide 23/,
      );
    }
  });

  it.each(['gif', 'webp', 'tiff'] as const)('maxFrames, exactly, of a %s', async (format) => {
    await expect(probeImage(await framed(format, 5), limits)).resolves.toMatchObject({ frames: 5 });
    await expect(probeImage(await framed(format, 6), limits)).rejects.toThrow(
      /it has 6 frames or pages, more than limits.maxFrames 5/,
    );
  });

  it.each<[string, () => Promise<Uint8Array>]>([
    ['a PNG', async () => pngClaiming(await pngOf(COLOUR), 14_000, 14_000)],
    ['a JPEG', async () => jpegClaiming(await jpegOf(COLOUR), 14_000, 14_000)],
    [
      'a progressive JPEG, which would take 1.2 GB',
      async () => {
        const file = await (await pipeline(quadrants(64, 64))).jpeg({ progressive: true }).toBuffer();
        return jpegClaiming(file, 14_000, 14_000);
      },
    ],
    [
      'a TIFF',
      async () => {
        const file = await (await pipeline(quadrants(64, 64))).tiff({ compression: 'deflate' }).toBuffer();
        return retagged(retagged(file, 256, { value: 14_000 }), 257, { value: 14_000 });
      },
    ],
    [
      'a lossless WebP, which really holds so many pixels',
      async () => {
        const sharp = (await loadSharp()) as unknown as (
          input: object,
        ) => Awaited<ReturnType<typeof pipeline>>;
        const flat = { width: 5000, height: 5000, channels: 3, background: 'red' };
        return sharp({ create: flat }).webp({ lossless: true, effort: 0 }).toBuffer();
      },
    ],
  ])('maxPixelsPerByte, of %s', async (_, make) => {
    const bytes = await make();
    await expect(probeImage(bytes, limits)).rejects.toThrow(
      new RegExp(`its ${bytes.length} bytes claim to hold .*limits.maxPixelsPerByte 1000 for each: a bomb`),
    );
    await expect(probeImage(bytes, within({ maxPixelsPerByte: 1e9 }))).resolves.toBeDefined();
  });

  it('maxPixelsPerByte is for large pictures: a small flat one may be as small as it likes', async () => {
    const flat = { data: new Uint8Array(4000 * 4000 * 3), width: 4000, height: 4000 };
    const file = await (await pipeline(flat)).webp({ lossless: true, effort: 0 }).toBuffer();
    expect(16e6 / file.length).toBeGreaterThan(1000);
    await expect(probeImage(file, limits)).resolves.toMatchObject({ width: 4000 });
  });

  it('a frame that is larger than the screen of its GIF counts as large as it is', async () => {
    const gif = Buffer.from(await (await pipeline(picture(4, 4, () => COLOUR))).gif().toBuffer());
    const frame = gif.indexOf(0x2c, 13 + 3 * (2 << ((gif[10] as number) & 7)));
    gif.writeUInt16LE(60_000, frame + 5);
    gif.writeUInt16LE(60_000, frame + 7);
    await expect(probeImage(gif, limits)).rejects.toThrow(/60000x60000 pixels, more than limits.maxPixels/);
  });
});
