/**
 * One source file to the pixels of the dataset, the same code for preprocessing and for prediction: probe,
 * decode, resize, JPEG, perceptual hash. The one package that touches sharp.
 */
export { codec, decodeJpeg, encodeJpeg, type RawImage } from './codec.js';
export { codecVersions } from './codec-versions.js';
export { probeImage, type ImageHeader } from './probe-image.js';
export { prepareImage, resizeImage, type PrepareOptions, type ResizeOptions } from './resize-image.js';
export { refuseDecode, refuseImage, type ImageLimits } from './refusal.js';
export { hashDistance, perceptualHash, type PerceptualHash } from './perceptual-hash.js';
