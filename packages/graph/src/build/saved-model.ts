import { dataTypeNumbers, type SignatureDef, type TensorInfo } from '../proto/messages.js';
import { encodeSavedModel } from '../proto/codec.js';
import { shapeMessage } from './attributes.js';
import type { Graph } from './graph.js';
import type { Tensor } from './tensor.js';

/** A named way to run the graph: what is fed and what comes out, each under its public name. */
export interface Signature {
  inputs: Record<string, Tensor>;
  outputs: Record<string, Tensor>;
}

/** The tag under which TensorFlow looks for a graph to serve. */
export const SERVE_TAG = 'serve';

/**
 * The version of the GraphDef format that the nodes are written for (TF_GRAPH_DEF_VERSION of TensorFlow 2.9).
 * Readers from 1.15 on (min_consumer 12, the oldest that any 1.x release asks for) take it.
 */
const graphVersions = { producer: 987, minConsumer: 12 };

/**
 * The bytes of a `saved_model.pb`: the graph with the tag "serve" and the given signatures. A graph whose weights
 * are constants, or are written after loading, needs no `variables` folder beside it.
 */
export function savedModelBytes(graph: Graph, signatures: Record<string, Signature>): Uint8Array {
  return encodeSavedModel({
    savedModelSchemaVersion: 1n,
    metaGraphs: [
      {
        metaInfoDef: { tags: [SERVE_TAG], tensorflowVersion: '2.9.0', strippedDefaultAttrs: true },
        graphDef: { node: [...graph.nodes], versions: graphVersions },
        signatureDef: mapValues(signatures, signatureMessage),
      },
    ],
  });
}

function signatureMessage({ inputs, outputs }: Signature): SignatureDef {
  return {
    inputs: mapValues(inputs, tensorInfo),
    outputs: mapValues(outputs, tensorInfo),
    methodName: 'tensorflow/serving/predict',
  };
}

function tensorInfo({ name, dtype, shape }: Tensor): TensorInfo {
  return {
    name: name.includes(':') ? name : `${name}:0`,
    dtype: dataTypeNumbers[dtype],
    tensorShape: shapeMessage(shape),
  };
}

function mapValues<From, To>(record: Record<string, From>, convert: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, convert(value)]));
}
