import { channelMoments, type ChannelMoments } from './channel-moments.js';
import type { RawImage } from './codec.js';
import { perceptualHash, type PerceptualHash } from './perceptual-hash.js';

/** What is recorded of the pixels of each picture, so that they need not be read again. */
export type ImageMeasures = PerceptualHash & ChannelMoments;

/** The difference hash and the channel moments of a picture. */
export function measureImage(image: RawImage): ImageMeasures {
  return { ...perceptualHash(image), ...channelMoments(image.data) };
}
