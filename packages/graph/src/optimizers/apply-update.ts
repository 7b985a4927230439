import { typeAttr } from '../build/attributes.js';
import type { Tensor } from '../build/tensor.js';
import type { AttrValue } from '../proto/messages.js';
import type { Update } from './optimizer.js';

/** What an update operation is made of. */
export interface UpdateSpec {
  readonly inputs: readonly Tensor[];
  readonly attrs?: Record<string, AttrValue>;
}

/** Emits one of TensorFlow's fused update operations. */
export function applyUpdate(
  op: string,
  { graph, after }: Update,
  { inputs, attrs = {} }: UpdateSpec,
): Tensor {
  return graph.add(op, { inputs, attrs: { T: typeAttr('float32'), ...attrs }, after });
}
