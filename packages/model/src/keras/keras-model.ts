import type { LayerCall, ModelDescription } from '@atelier/graph';
import { kerasLayer, snakeCase, type KerasLayer } from './keras-layers.js';
import { operationOrder } from './operation-order.js';

/** The variables of a layer in `model.weights.h5`. */
export interface KerasVariables {
  /** `layers/conv2d_1/vars`. */
  readonly group: string;
  readonly layerName: string;
  /** Indices into the model's weights, in Keras' order. */
  readonly weights: readonly number[];
}

/** A model as Keras 3 saves it. */
export interface KerasModel {
  /** The content of config.json. */
  readonly config: object;
  readonly variables: readonly KerasVariables[];
}

/** A layer and every use of it. */
interface SharedLayer {
  readonly name: string;
  readonly layer: KerasLayer;
  readonly calls: LayerCall[];
  /** For each call: where its inputs come from. */
  readonly inputs: (readonly Source[])[];
}

type Source = readonly [name: string, call: number];
const INPUT = 'images';

/**
 * A model as a functional model of Keras 3, models within it taken apart: float32 pictures [batch, height, width,
 * channels] with values 0-255 in, as the LayersModel has it.
 * @throws AtelierError MODEL_UNSUPPORTED naming a layer
 */
export function kerasModel(model: ModelDescription): KerasModel {
  const { layers, sources } = shareLayers(model);
  const output = sources.at(-1)!;
  const input = inputLayer(model);
  const shapes = new Map(model.calls.map((call, index) => [sources[index]!.join(), call.outputShape]));
  shapes.set([INPUT, 0].join(), [null, ...model.inputShape]);
  return {
    config: {
      module: 'keras.src.models.functional',
      class_name: 'Functional',
      config: {
        name: model.name,
        trainable: true,
        layers: [input, ...layers.map((layer) => layerJson(layer, shapes))],
        input_layers: [INPUT, 0, 0],
        output_layers: [...output, 0],
      },
      registered_name: 'Functional',
      build_config: { input_shape: null },
    },
    variables: variablesOf(layers, output),
  };
}

/** The layers with their uses; a layer is known by its weights, one without weights has one use. */
function shareLayers({ calls }: ModelDescription) {
  const layers: SharedLayer[] = [];
  const byWeight = new Map<number, SharedLayer>();
  const names = new Set([INPUT]);
  const sources: Source[] = [];
  for (const call of calls) {
    const inputs = call.inputs.map((index): Source => (index === -1 ? [INPUT, 0] : sources[index]!));
    if (call.className === 'InputLayer') {
      sources.push(inputs[0] ?? [INPUT, 0]);
      continue;
    }
    const first = Object.values(call.weights)[0];
    let layer = first === undefined ? undefined : byWeight.get(first);
    if (layer === undefined) {
      layer = { name: freeName(names, call.name), layer: kerasLayer(call), calls: [], inputs: [] };
      if (first !== undefined) byWeight.set(first, layer);
      layers.push(layer);
    }
    layer.calls.push(call);
    layer.inputs.push(inputs);
    sources.push([layer.name, layer.calls.length - 1]);
  }
  return { layers, sources };
}

function freeName(taken: Set<string>, wanted: string): string {
  let name = wanted;
  for (let i = 1; taken.has(name); i++) name = `${wanted}_${i}`;
  taken.add(name);
  return name;
}

const inputLayer = ({ inputShape }: ModelDescription) => ({
  module: 'keras.layers',
  class_name: 'InputLayer',
  config: { batch_shape: [null, ...inputShape], dtype: 'float32', sparse: false, name: INPUT },
  registered_name: null,
  name: INPUT,
  inbound_nodes: [],
});

function layerJson(
  { name, layer, calls, inputs }: SharedLayer,
  shapes: ReadonlyMap<string, readonly (number | null)[]>,
) {
  const shapeOf = (source: Source) => shapes.get(source.join())!;
  const tensor = (source: Source) => ({
    class_name: '__keras_tensor__',
    config: { shape: shapeOf(source), dtype: 'float32', keras_history: [...source, 0] },
  });
  const merges = MERGING.has(layer.className);
  const built = inputs[0]!.map(shapeOf);
  return {
    module: 'keras.layers',
    class_name: layer.className,
    config: { name, trainable: calls[0]!.trainable, dtype: 'float32', ...layer.config },
    registered_name: null,
    build_config: { input_shape: merges ? built : built[0] },
    name,
    inbound_nodes: inputs.map((sources) => ({
      args: merges ? [sources.map(tensor)] : sources.map(tensor),
      kwargs: {},
    })),
  };
}

/** Layers that take a list, even of one. */
const MERGING: ReadonlySet<string> = new Set(['Add', 'Multiply', 'Concatenate']);

/** Where each layer's variables lie: Keras numbers layers of one class in its own order of the layers. */
function variablesOf(layers: readonly SharedLayer[], output: Source): KerasVariables[] {
  const byName = new Map(layers.map((each) => [each.name, each]));
  const operations = [
    { name: INPUT, calls: [[]] },
    ...layers.map(({ name, inputs }) => ({ name, calls: inputs })),
  ];
  const counts = new Map<string, number>();
  return operationOrder(operations, output).flatMap((name) => {
    const shared = byName.get(name);
    if (shared === undefined) return [];
    const { layer, calls } = shared;
    const group = numbered(counts, snakeCase(layer.className));
    const weights = layer.variables.map((role) => calls[0]!.weights[role]!);
    return [{ group: `layers/${group}/vars`, layerName: name, weights }];
  });
}

/** `conv2d`, `conv2d_1`, …: saving_lib's names for the layers of a model. */
export function numbered(counts: Map<string, number>, name: string): string {
  const count = counts.get(name) ?? 0;
  counts.set(name, count + 1);
  return count === 0 ? name : `${name}_${count}`;
}
