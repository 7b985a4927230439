import { typeAttr } from '../build/attributes.js';
import type { Tensor } from '../build/tensor.js';
import type { AttrValue } from '../proto/messages.js';
import type { Update } from './optimizer.js';

/** Emits one of TensorFlow's fused update operations. */
export function applyUpdate(
  op: string,
  { graph, after }: Update,
  { inputs, attrs = {} }: { inputs: readonly Tensor[]; attrs?: Record<string, AttrValue> },
): Tensor {
  return graph.add(op, { inputs, attrs: { T: typeAttr('float32'), ...attrs }, after });
}
