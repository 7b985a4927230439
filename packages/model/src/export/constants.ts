import type { NodeDef } from '@atelier/graph';

/** The elements of a `Const` node, as they lie in its attribute. */
export type ConstantElements = Float32Array | Int32Array;

/** The value of a `Const` node of float32 or int32. */
export function constantElements({ attr }: NodeDef): ConstantElements {
  const { dtype, tensorContent = new Uint8Array() } = attr['value']!.tensor!;
  const elements = tensorContent.byteLength / 4;
  // a copy where the bytes do not lie on a boundary of four
  const bytes = tensorContent.byteOffset % 4 === 0 ? tensorContent : tensorContent.slice();
  return dtype === FLOAT
    ? new Float32Array(bytes.buffer, bytes.byteOffset, elements)
    : new Int32Array(bytes.buffer, bytes.byteOffset, elements);
}

/** `tensorflow.DT_FLOAT`. */
const FLOAT = 1;
