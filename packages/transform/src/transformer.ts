import { AtelierError } from '@atelier/core';
import type { PictureSize } from './affine.js';
import { instantiateKernel } from './kernel.js';
import { checkSize, planTransform, type Fill, type TransformRequest } from './request.js';

/** Transforms pictures of one size, one at a time, in memory of its own that it uses again for each. */
export interface Transformer {
  readonly size: PictureSize;
  /**
   * Transforms one picture: one bilinear resample, then contrast. Nothing is allocated.
   * @returns `request.out`, filled
   * @throws AtelierError INPUT_INVALID for a wrong buffer or parameter
   */
  apply(request: TransformRequest): Uint8Array;
}

const fillNumbers: Record<Fill, number> = { reflect: 0, nearest: 1, constant: 2 };

/**
 * Makes a transformer on the WebAssembly SIMD kernel (`assembly/kernel.ts`), equal to {@link applyReference} within
 * one level; make one per size and thread. It works in single precision with weights of 14 bits.
 * @throws AtelierError INPUT_INVALID for a size that cannot be, NATIVE_UNAVAILABLE when the kernel cannot be loaded
 */
export async function createTransformer(size: PictureSize): Promise<Transformer> {
  checkSize(size);
  const { width, height } = size;
  const kernel = await instantiateKernel();
  if (!kernel.configure(width, height)) {
    throw new AtelierError({
      code: 'INPUT_INVALID',
      action: 'transform pictures',
      problem: `two of ${width} x ${height} do not fit the memory`,
      hint: 'Use a smaller size.',
    });
  }
  const length = width * height * 3;
  const { buffer } = kernel.memory; // configure has grown it: it stays the same from here on
  const affineInput = new Float64Array(buffer, kernel.affineAddress(), 6);
  const source = new Uint8Array(buffer, kernel.sourceAddress(), length);
  const target = new Uint8Array(buffer, kernel.targetAddress(), length);
  return {
    size: { width, height },
    apply(request) {
      const { pixels, out, fill, contrast } = request;
      const { affine, contrastFactor } = planTransform(request, size);
      if (affine === null) {
        target.set(pixels);
      } else {
        source.set(pixels);
        affineInput.set(affine);
        kernel.warp(fillNumbers[fill]);
      }
      if (contrastFactor !== null) {
        if (contrast === 'grey') kernel.contrastGrey(contrastFactor);
        else kernel.contrastChannels(contrastFactor);
      }
      out.set(target);
      return out;
    },
  };
}
