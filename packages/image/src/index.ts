/**
 * One source file to the pixels of the dataset, the same code for preprocessing and for prediction: probe,
 * decode, resize, JPEG, perceptual hash. The one package that touches sharp. Files of strangers are decoded in
 * processes of their own (a decoder pool); what the stages wrote themselves is read in place.
 */
export { codec, decodeJpeg, encodeJpeg, type RawImage } from './codec.js';
export { codecVersions } from './codec-versions.js';
export { channelMoments, type ChannelMoments } from './channel-moments.js';
export { measureImage, type ImageMeasures } from './measure-image.js';
export { probeImage, type ImageHeader } from './probe-image.js';
export { prepareImage, resizeImage, type PrepareOptions, type ResizeOptions } from './resize-image.js';
export { refuseImage } from './refusal.js';
export { refuseSize, type ImageLimits } from './limits.js';
export { hashDistance, perceptualHash, type PerceptualHash } from './perceptual-hash.js';
export {
  createDecoderPool,
  sharedDecoderPool,
  type DecoderPool,
  type DecoderPoolOptions,
} from './decoder/decoder-pool.js';
export { type KnownSize } from './decoder/memory-needed.js';
export {
  type DecoderLimits,
  type PreparedFile,
  type ProbedFile,
  type SourceFile,
} from './decoder/protocol.js';
