import type { layers, LayersModel, LayerVariable, SymbolicTensor } from '@tensorflow/tfjs';
import type { Shape } from '../build/tensor.js';
import {
  unsupported,
  unsupportedLayer,
  type LayerCall,
  type ModelDescription,
  type WeightSpec,
} from './description.js';

type Layer = layers.Layer;
/** A model used as a layer of another one: it has inputs, outputs and layers of its own. */
type Container = Layer & Pick<LayersModel, 'inputs' | 'outputs' | 'layers'>;

/**
 * Reads a built tfjs LayersModel (Sequential or functional, models within models and shared layers included) as
 * plain data. Nothing is run and no tfjs module is imported; the numbers of the weights stay in the model.
 * @throws AtelierError MODEL_UNSUPPORTED for several inputs or outputs, an input without fixed size, or a weight
 * constraint
 */
export function describeModel(model: LayersModel): ModelDescription {
  if (model.inputs.length !== 1 || model.outputs.length !== 1) {
    throw unsupported(
      `model "${model.name}"`,
      `has ${model.inputs.length} inputs and ${model.outputs.length} outputs; one of each can be compiled`,
    );
  }
  const walk: Walk = {
    calls: [],
    weights: new Map(model.weights.map((weight, index) => [weight, index])),
    specs: describeWeights(model),
    frozen: frozenLayers(model as unknown as Container),
  };
  walkContainer(walk, model as unknown as Container, [-1]);
  if (walk.calls.length === 0) throw unsupported(`model "${model.name}"`, 'has no layers');
  // the walk follows the inputs of the output, so the call that gives the output is the last one made
  return { name: model.name, inputShape: inputShape(model), calls: walk.calls, weights: walk.specs };
}

interface Walk {
  readonly calls: LayerCall[];
  readonly weights: ReadonlyMap<LayerVariable, number>;
  readonly specs: WeightSpec[];
  readonly frozen: ReadonlySet<Layer>;
}

/** The layers that are not trainable, or that a model within the model holds which is not trainable. */
function frozenLayers(container: Container, inFrozen = false): Set<Layer> {
  const frozen = inFrozen || !container.trainable;
  const found = new Set<Layer>();
  for (const layer of container.layers) {
    if (isContainer(layer)) frozenLayers(layer, frozen).forEach((inner) => found.add(inner));
    else if (frozen || !layer.trainable) found.add(layer);
  }
  return found;
}

function inputShape(model: LayersModel): number[] {
  const shape = model.inputs[0]!.shape.slice(1);
  if (shape.some((size) => size === null || size === undefined)) {
    throw unsupported(`model "${model.name}"`, `takes inputs of no fixed size (${shape.join(', ')})`);
  }
  return shape as number[];
}

function describeWeights(model: LayersModel): WeightSpec[] {
  const trainable = new Set(model.trainableWeights);
  const names = new Set<string>();
  return model.weights.map((weight) => {
    const name = weight.originalName;
    if (names.has(name)) throw unsupported(`model "${model.name}"`, `has two weights named "${name}"`);
    if (weight.constraint !== null && weight.constraint !== undefined) {
      throw unsupported(`weight "${name}"`, `has a constraint (${weight.constraint.getClassName()})`);
    }
    if (weight.dtype !== 'float32') throw unsupported(`weight "${name}"`, `is of type ${weight.dtype}`);
    names.add(name);
    return { name, shape: weight.shape as number[], trainable: trainable.has(weight) };
  });
}

/**
 * Adds the calls of a model (or of a model within a model).
 * @param inputs the calls that give the container's inputs
 * @returns the index of the call that gives its output
 */
function walkContainer(walk: Walk, container: Container, inputs: readonly number[]): number {
  if (container.outputs.length !== 1) {
    throw unsupportedLayer(layerTitle(container), `is a model with ${container.outputs.length} outputs`);
  }
  const done = new Map<string, number>();
  container.inputs.forEach((tensor, index) => done.set(tensorKey(tensor), inputs[index]!));

  const visit = (tensor: SymbolicTensor): number => {
    const key = tensorKey(tensor);
    const known = done.get(key);
    if (known !== undefined) return known;
    const layer = tensor.sourceLayer;
    const node = layer.inboundNodes[tensor.nodeIndex]!;
    if (Object.keys(node.callArgs ?? {}).length > 0) {
      throw unsupportedLayer(
        layerTitle(layer),
        `is called with arguments (${Object.keys(node.callArgs!).join()})`,
      );
    }
    const from = node.inputTensors.map(visit);
    const index = isContainer(layer)
      ? walkContainer(walk, layer, from)
      : addCall(walk, { layer, inputs: from, tensor });
    done.set(key, index);
    return index;
  };
  return visit(container.outputs[0]!);
}

const tensorKey = (tensor: SymbolicTensor) =>
  `${tensor.sourceLayer.id}/${tensor.nodeIndex}/${tensor.tensorIndex}`;

const layerTitle = (layer: Layer) => ({ name: layer.name, className: layer.getClassName() });

function isContainer(layer: Layer): layer is Container {
  return 'layers' in layer && 'outputs' in layer && 'inputs' in layer;
}

interface CallSite {
  layer: Layer;
  inputs: readonly number[];
  tensor: SymbolicTensor;
}

function addCall(walk: Walk, { layer, inputs, tensor }: CallSite): number {
  const node = layer.inboundNodes[tensor.nodeIndex]!;
  const title = layerTitle(layer);
  const config = layer.getConfig() as Record<string, unknown>;
  const weights: Record<string, number> = {};
  for (const weight of layer.weights) {
    const index = walk.weights.get(weight);
    if (index === undefined)
      throw unsupportedLayer(title, `has a weight "${weight.name}" the model does not list`);
    const role = weight.originalName.slice(weight.originalName.lastIndexOf('/') + 1);
    weights[role] = index;
    const regularizer = describeRegularizer(title, config[regularizerKeys[role] ?? '']);
    if (regularizer !== undefined) walk.specs[index] = { ...walk.specs[index]!, regularizer };
  }
  walk.calls.push({
    ...title,
    config,
    inputs,
    inputShapes: node.inputTensors.map(shapeOf),
    outputShape: shapeOf(tensor),
    weights,
    trainable: !walk.frozen.has(layer),
  });
  return walk.calls.length - 1;
}

const shapeOf = (tensor: SymbolicTensor): Shape => tensor.shape.map((size) => size ?? null);

/** Which key of a layer's configuration holds the regularizer of which weight. */
const regularizerKeys: Record<string, string> = {
  kernel: 'kernelRegularizer',
  bias: 'biasRegularizer',
  gamma: 'gammaRegularizer',
  beta: 'betaRegularizer',
  depthwise_kernel: 'depthwiseRegularizer',
  pointwise_kernel: 'pointwiseRegularizer',
};

function describeRegularizer(
  layer: { name: string; className: string },
  value: unknown,
): WeightSpec['regularizer'] | undefined {
  if (value === null || value === undefined) return undefined;
  const { className, config } = value as { className?: string; config?: { l1?: number; l2?: number } };
  if (className !== 'L1L2' || config === undefined) {
    throw unsupportedLayer(layer, `has a regularizer "${className}"; l1, l2 and l1l2 can be compiled`);
  }
  return { l1: config.l1 ?? 0, l2: config.l2 ?? 0 };
}
