import {
  compose,
  crop,
  flipHorizontal,
  flipVertical,
  identity,
  rotation,
  translation,
  type Affine,
  type Crop,
  type PictureSize,
} from './affine.js';

/**
 * One transform of one picture, as plain data (it stands in the manifest). The parts are applied in this order; null
 * leaves a part out.
 */
export interface TransformParameters {
  flip: { horizontal: boolean; vertical: boolean } | null;
  /** Positive = counter-clockwise, about the centre. */
  rotation: { degrees: number } | null;
  /** The part that becomes the whole picture, in fractions of its sides. */
  zoom: { crop: Crop } | null;
  /** Fractions of the sides: positive x moves the picture right, positive y down. */
  translation: { x: number; y: number } | null;
  /** 1 changes nothing, 0 leaves only the mean. */
  contrast: { factor: number } | null;
}

/** The parameters that leave a picture as it is. */
export const untransformed: TransformParameters = {
  flip: null,
  rotation: null,
  zoom: null,
  translation: null,
  contrast: null,
};

/**
 * The geometric parts of a transform, composed in their order: one affine, so one resample. What a part moves out of
 * the picture and a later one moves back in is therefore not lost, and the fill stands around the whole result.
 */
export function composeAffine(parameters: TransformParameters, size: PictureSize): Affine {
  const { flip, rotation: turn, zoom, translation: move } = parameters;
  const parts: Affine[] = [];
  if (flip?.horizontal) parts.push(flipHorizontal(size));
  if (flip?.vertical) parts.push(flipVertical(size));
  if (turn !== null) parts.push(rotation(turn.degrees, size));
  if (zoom !== null) parts.push(crop(zoom.crop, size));
  if (move !== null) parts.push(translation(move, size));
  return parts.reduce(compose, identity);
}
