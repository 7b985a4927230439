import type { Graph } from '../build/graph.js';
import { addAll, multiply, scaleBy, typed } from '../build/operations.js';
import type { Tensor } from '../build/tensor.js';

/**
 * Scales all gradients by clipNorm / max(clipNorm, n), where n is the L2 norm of all of them together
 * (Pascanu et al. 2013; tf.clip_by_global_norm, Keras' `global_clipnorm`).
 */
export function clipByGlobalNorm(graph: Graph, gradients: ReadonlyMap<number, Tensor>, clipNorm: number) {
  return graph.within('clip', () => {
    const halves = [...gradients.values()].map((gradient) =>
      typed(graph, ['L2Loss', gradient], { shape: [] }),
    );
    const norm = typed(graph, ['Sqrt', scaleBy(graph, addAll(graph, halves), 2)]);
    const ceiling = typed(graph, ['Maximum', norm, graph.scalar(clipNorm)]);
    const scale = typed(graph, ['RealDiv', graph.scalar(clipNorm), ceiling]);
    return new Map([...gradients].map(([weight, gradient]) => [weight, multiply(graph, gradient, scale)]));
  });
}
