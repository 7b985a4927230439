/** The size of a picture, in pixels. */
export interface PictureSize {
  width: number;
  height: number;
}

/**
 * `[a, b, c, d, e, f]`: where each pixel of the output is found in the input,
 * `xIn = a x + b y + c` and `yIn = d x + e y + f`, in index coordinates (the centre of the top left pixel is (0, 0),
 * x to the right, y down). It is the inverse of the motion one sees: `c = 10` moves the picture ten pixels left.
 *
 * The same six numbers are the 2x3 matrix of OpenCV's `warpAffine(..., flags=WARP_INVERSE_MAP | INTER_LINEAR)`, the
 * first six of the eight that TensorFlow's `ImageProjectiveTransformV3` and `keras.ops.image.affine_transform` take,
 * and, but for a shift of half a pixel (its pixel centres lie at 0.5), the `data` of Pillow's `transform(AFFINE)`.
 */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** The affine that changes nothing. */
export const identity: Affine = [1, 0, 0, 0, 1, 0];

/** The affine of doing `first` and then `second`, in one resample. */
export function compose(first: Affine, second: Affine): Affine {
  // An output pixel of the whole lies at second(p) in between, and that lies at first(second(p)) in the input.
  const [a1, b1, c1, d1, e1, f1] = first;
  const [a2, b2, c2, d2, e2, f2] = second;
  return [
    a1 * a2 + b1 * d2,
    a1 * b2 + b1 * e2,
    a1 * c2 + b1 * f2 + c1,
    d1 * a2 + e1 * d2,
    d1 * b2 + e1 * e2,
    d1 * c2 + e1 * f2 + f1,
  ];
}

/** Left becomes right. */
export function flipHorizontal(size: PictureSize): Affine {
  return [-1, 0, size.width - 1, 0, 1, 0];
}

/** Top becomes bottom. */
export function flipVertical(size: PictureSize): Affine {
  return [1, 0, 0, 0, -1, size.height - 1];
}

/**
 * A turn about the centre of the picture, `((width - 1) / 2, (height - 1) / 2)`, as Keras' RandomRotation and
 * Pillow's `rotate` define it.
 * @param degrees positive = counter-clockwise, as one sees it (sharp's `rotate` turns the other way)
 */
export function rotation(degrees: number, size: PictureSize): Affine {
  const radians = (degrees * Math.PI) / 180;
  const cosine = Math.cos(radians);
  const sine = Math.sin(radians);
  const centreX = (size.width - 1) / 2;
  const centreY = (size.height - 1) / 2;
  return [
    cosine,
    -sine,
    centreX - cosine * centreX + sine * centreY,
    sine,
    cosine,
    centreY - sine * centreX - cosine * centreY,
  ];
}

/**
 * The part of a picture that becomes the whole of it, in fractions of its width and height; (0, 0) is the top left
 * corner. It may reach outside ([0, 1]): that shrinks the picture and shows the fill around it.
 */
export interface Crop {
  x: number;
  y: number;
  width: number;
  height: number;
}

/**
 * Stretches a part of the picture over the whole of it, outer pixel edges on outer pixel edges. A centred crop of
 * z times the sides is Keras' RandomZoom with a zoom of z - 1.
 */
export function crop(part: Crop, size: PictureSize): Affine {
  return [
    part.width,
    0,
    part.x * size.width + part.width / 2 - 0.5,
    0,
    part.height,
    part.y * size.height + part.height / 2 - 0.5,
  ];
}

/** The crop of the given fraction of both sides around the centre; above 1 it shrinks the picture. */
export function centredCrop(side: number): Crop {
  return { x: (1 - side) / 2, y: (1 - side) / 2, width: side, height: side };
}

/**
 * Moves the picture by fractions of its width and height: positive x to the right, positive y down, as Keras'
 * RandomTranslation does.
 */
export function translation(by: { x: number; y: number }, size: PictureSize): Affine {
  return [1, 0, -by.x * size.width, 0, 1, -by.y * size.height];
}
