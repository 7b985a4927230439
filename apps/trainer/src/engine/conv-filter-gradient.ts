import type { Tfjs } from '@atelier/model';
import type { backend_util as backendUtil, Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs';

/** The kernel's attributes, as TF.js passes them. */
interface GradientAttributes {
  readonly strides: number | [number, number];
  readonly pad: 'valid' | 'same' | number | backendUtil.ExplicitPadding;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
  readonly filterShape: [number, number, number, number];
}

/**
 * The gradient of a 2-D convolution with respect to its filter, out of slices and matrix products, for backends that
 * have no kernel for it (WebAssembly, TF.js 4.22): for each place of the window, the pictures shifted by it, transposed,
 * times the gradient.
 * @param x [batch, height, width, channels]
 * @param dy gradient of the output, [batch, outHeight, outWidth, filters]
 * @returns [windowHeight, windowWidth, channels, filters]
 */
export function convFilterGradient(
  tf: Tfjs,
  { x, dy }: { x: Tensor4D; dy: Tensor4D },
  { strides, pad, dimRoundingMode, filterShape }: GradientAttributes,
): Tensor {
  const info = tf.backend_util.computeConv2DInfo(x.shape, filterShape, strides, 1, pad, dimRoundingMode);
  const { padInfo, strideHeight, strideWidth, outHeight, outWidth } = info;
  const [windowHeight, windowWidth, channels, filters] = filterShape;
  return tf.tidy(() => {
    const padded = tf.pad(x, [
      [0, 0],
      [padInfo.top, padInfo.bottom],
      [padInfo.left, padInfo.right],
      [0, 0],
    ]);
    const gradient = tf.reshape(dy, [-1, filters]) as Tensor2D;
    const places: Tensor[] = [];
    for (let row = 0; row < windowHeight; row++) {
      for (let column = 0; column < windowWidth; column++) {
        const end = [row + (outHeight - 1) * strideHeight + 1, column + (outWidth - 1) * strideWidth + 1];
        const seen = tf.stridedSlice(
          padded,
          [0, row, column, 0],
          [info.batchSize, end[0] as number, end[1] as number, channels],
          [1, strideHeight, strideWidth, 1],
        );
        places.push(tf.matMul(tf.reshape(seen, [-1, channels]), gradient, true, false));
      }
    }
    return tf.reshape(tf.stack(places), filterShape);
  });
}

/** Registers {@link convFilterGradient} as a backend's kernel, unless it has one. */
export function registerConvFilterGradient(tf: Tfjs, backendName: string): void {
  const kernelName = 'Conv2DBackpropFilter';
  if (tf.getKernel(kernelName, backendName) !== undefined) return;
  tf.registerKernel({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs }) =>
      convFilterGradient(
        tf,
        inputs as unknown as { x: Tensor4D; dy: Tensor4D },
        attrs as unknown as GradientAttributes,
      ),
  });
}
