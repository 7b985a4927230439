import { randomStream } from '@atelier/core';
import { runPython } from '@atelier/readers';
import { centredCrop } from './affine.js';
import { untransformed, type TransformParameters } from './parameters.js';
import { applyReference } from './reference.js';
import type { ContrastMean, Fill } from './request.js';
import { sampleTraining } from './sample-training.js';
import { asymmetric, noise, worst } from './testing/pictures.js';
import { createTransformer, type Transformer } from './transformer.js';

/** Half a level for rounding to 8 bits, and the weights of 14 bits against the readers' floats. */
const levels = 0.55;
const size = { width: 97, height: 61 };
const pixels = asymmetric(size);
const fills: Fill[] = ['reflect', 'nearest', 'constant'];

let transformer: Transformer;
beforeAll(async () => {
  transformer = await createTransformer(size);
});

/** The fast path's picture, which the reference's has to equal within a level. */
function transformed(parameters: TransformParameters, fill: Fill, contrast: ContrastMean): Uint8Array {
  const request = { pixels, out: new Uint8Array(pixels.length), parameters, fill, contrast };
  const slow = applyReference({ ...request, out: new Uint8Array(pixels.length) }, size);
  const fast = transformer.apply(request);
  expect(worst(fast, slow)).toBeLessThanOrEqual(parameters.contrast === null ? 1 : 2);
  return fast;
}

const encoded = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));
const floatsOf = (text: string) => new Float32Array(bytesOf(text).buffer);
/** Python: `picture` as an array, and `text(array)` to send one back. */
const prelude = `
import base64, numpy as np
w, h = ARGS["size"]["width"], ARGS["size"]["height"]
picture = np.frombuffer(base64.b64decode(ARGS["pixels"]), np.uint8).reshape(h, w, 3)
text = lambda array: base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
`;
const picture = { size, pixels: encoded(pixels) };

const training = {
  flip: 'horizontal_and_vertical',
  rotation: 0.25,
  zoom: 0.2,
  translation: { height: 0.3, width: 0.2 },
  contrast: 0,
} as const;
const drawn = Array.from({ length: 6 }, (_, i) => sampleTraining(training, randomStream(11, [String(i)])));
const geometries: TransformParameters[] = [
  untransformed,
  { ...untransformed, flip: { horizontal: true, vertical: false } },
  { ...untransformed, flip: { horizontal: false, vertical: true } },
  { ...untransformed, rotation: { degrees: 25 } },
  { ...untransformed, rotation: { degrees: -103.7 } },
  { ...untransformed, zoom: { crop: { x: 0.13, y: 0.02, width: 0.81, height: 0.81 } } },
  { ...untransformed, zoom: { crop: { x: -0.2, y: 0.4, width: 1.3, height: 0.7 } } },
  { ...untransformed, translation: { x: 0.3, y: -0.271 } },
  ...drawn,
];

describe('OpenCV', () => {
  // The forward motion, built from the parameters by OpenCV's own functions where it has them.
  const script = `${prelude}
import cv2
borders = {"reflect": cv2.BORDER_REFLECT, "nearest": cv2.BORDER_REPLICATE, "constant": cv2.BORDER_CONSTANT}
def motion(p):
    steps = []
    if p["flip"] and p["flip"]["horizontal"]: steps.append([[-1, 0, w - 1], [0, 1, 0]])
    if p["flip"] and p["flip"]["vertical"]: steps.append([[1, 0, 0], [0, -1, h - 1]])
    if p["rotation"]:
        steps.append(cv2.getRotationMatrix2D(((w - 1) / 2, (h - 1) / 2), p["rotation"]["degrees"], 1.0))
    if p["zoom"]:
        c = p["zoom"]["crop"]
        left, top, right, bottom = c["x"] * w, c["y"] * h, (c["x"] + c["width"]) * w, (c["y"] + c["height"]) * h
        corners = np.float32([[left, top], [right, top], [left, bottom]]) - 0.5
        steps.append(cv2.getAffineTransform(corners, np.float32([[0, 0], [w, 0], [0, h]]) - np.float32(0.5)))
    if p["translation"]:
        steps.append([[1, 0, p["translation"]["x"] * w], [0, 1, p["translation"]["y"] * h]])
    whole = np.eye(3)
    for step in steps: whole = np.vstack([step, [0, 0, 1]]) @ whole
    return whole[:2]
warp = lambda image, p, fill: cv2.warpAffine(
    image, motion(p), (w, h), flags=cv2.INTER_LINEAR, borderMode=borders[fill])
RESULT = [{"bytes": text(warp(picture, p, fill)), "floats": text(warp(picture.astype(np.float32), p, fill))}
          for fill in ARGS["fills"] for p in ARGS["geometries"]]
`;

  it("warpAffine gives the same picture for every part, every fill and the parts' composition", () => {
    const answers = runPython(script, { ...picture, fills, geometries }) as {
      bytes: string;
      floats: string;
    }[];
    expect(answers).toHaveLength(fills.length * geometries.length);
    const ours = fills.flatMap((fill) =>
      geometries.map((parameters) => transformed(parameters, fill, 'grey')),
    );
    ours.forEach((out, i) => {
      const { bytes, floats } = answers[i] as (typeof answers)[number];
      expect(worst(out, floatsOf(floats))).toBeLessThan(levels);
      expect(worst(out, bytesOf(bytes))).toBeLessThanOrEqual(1);
    });
    // and they are different pictures, so that the comparison means something
    expect(new Set(ours.slice(0, geometries.length).map(encoded)).size).toBe(geometries.length);
  });
});

describe('Pillow', () => {
  it('ImageEnhance.Contrast gives the same bytes', async () => {
    const factors = [0, 0.25, 0.8, 0.8123456789, 0.999, 1, 1.0001, 1.1, 1.2, 3.7, -0.5];
    const pictures = [pixels, noise(size, 1), noise(size, 2).map((value) => value >> 3)];
    const script = `${prelude}
from PIL import Image, ImageEnhance
RESULT = [text(np.asarray(ImageEnhance.Contrast(Image.frombytes("RGB", (w, h), base64.b64decode(each))).enhance(factor)))
          for each in ARGS["pictures"] for factor in ARGS["factors"]]
`;
    const args = { ...picture, pictures: pictures.map(encoded), factors };
    const answers = (runPython(script, args) as string[]).map(bytesOf);
    const cases = pictures.flatMap((from) => factors.map((factor) => ({ from, factor })));
    expect(answers).toHaveLength(cases.length);
    cases.forEach(({ from, factor }, i) => {
      const request = {
        pixels: from,
        out: new Uint8Array(from.length),
        parameters: { ...untransformed, contrast: { factor } },
        fill: 'reflect',
        contrast: 'grey',
      } as const;
      expect(worst(transformer.apply(request), answers[i] as Uint8Array)).toBe(0);
      expect(worst(applyReference(request, size), answers[i] as Uint8Array)).toBe(0);
    });
  });
});

describe('Keras', () => {
  // Keras draws, Keras transforms; what it drew comes back as our parameters.
  const script = `${prelude}
import keras
keras.utils.set_random_seed(3)
layers, ops = keras.layers, keras.ops
image = picture.astype(np.float32)
row = lambda matrix: np.append(np.array(matrix, np.float64).reshape(-1)[:6], [0, 0, 1]).reshape(3, 3)
RESULT = []
def keep(fill, output, **drawn):
    RESULT.append({"fill": fill, "drawn": drawn, "output": text(np.array(output, np.float32))})
for fill in ARGS["fills"]:
    for _ in range(2):
        turn, zoom = layers.RandomRotation(0.25, fill_mode=fill), layers.RandomZoom(0.2, fill_mode=fill)
        move = layers.RandomTranslation(0.3, 0.2, fill_mode=fill)
        t, z, m = (layer.get_random_transformation(image) for layer in (turn, zoom, move))
        degrees, side = float(t["angle"][0]), float(z["height_zoom"][0, 0])
        dx, dy = (float(v) for v in m["translations"][0])
        keep(fill, turn.transform_images(image, t), degrees=degrees)
        keep(fill, zoom.transform_images(image, z), side=side)
        keep(fill, move.transform_images(image, m), x=dx / w, y=dy / h)
        # the matrices the layers pass to affine_transform, as one
        whole = (row(t["rotation_matrix"]) @ row(zoom._get_zoom_matrix(
            ops.concatenate([z["width_zoom"], z["height_zoom"]], axis=1), h, w)) @ row(move._get_translation_matrix(m["translations"])))
        one = ops.image.affine_transform(image, np.float32(np.append(whole.reshape(-1)[:6], [0, 0])), "bilinear", fill)
        contrast = layers.RandomContrast(0.2)
        c = contrast.get_random_transformation(image)
        factor = float(np.array(c["contrast_factor"]).reshape(-1)[0])
        keep(fill, contrast.transform_images(image, c), factor=factor)
        keep(fill, contrast.transform_images(one, c), degrees=degrees, side=side, x=dx / w, y=dy / h, factor=factor)
for mode in ("horizontal", "vertical"):
    flip = layers.RandomFlip(mode)
    keep("reflect", flip.transform_images(image, {"flips": np.array([[[True]]])}), flip=mode)
`;
  interface Answer {
    fill: Fill;
    drawn: { degrees?: number; side?: number; x?: number; y?: number; factor?: number; flip?: string };
    output: string;
  }
  const parametersOf = ({ degrees, side, x, y, factor, flip }: Answer['drawn']): TransformParameters => ({
    flip: flip === undefined ? null : { horizontal: flip === 'horizontal', vertical: flip === 'vertical' },
    rotation: degrees === undefined ? null : { degrees },
    zoom: side === undefined ? null : { crop: centredCrop(side) },
    translation: x === undefined || y === undefined ? null : { x, y },
    contrast: factor === undefined ? null : { factor },
  });

  it("'s layers, and their matrices in one affine_transform, give the same pictures", () => {
    const answers = runPython(script, { ...picture, fills }) as Answer[];
    expect(answers).toHaveLength(fills.length * 2 * 5 + 2);
    for (const { fill, drawn: values, output } of answers) {
      const out = transformed(parametersOf(values), fill, 'channel');
      // Contrast after a resample spreads that one's rounding, by up to 1.2, and rounds again.
      const both = values.factor !== undefined && values.degrees !== undefined;
      expect(worst(out, floatsOf(output))).toBeLessThan(both ? levels * 1.2 + 0.5 : levels);
    }
  });
});
