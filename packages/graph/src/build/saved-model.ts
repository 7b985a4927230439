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
 * Versions of the GraphDef format (tensorflow/core/public/version.h): the nodes mean what they meant at 30, the last
 * version with a meaning (later ones count days); a reader must know that default attributes may be left out (26).
 */
const graphVersions = { producer: 30, minConsumer: 26 };

/** The oldest TensorFlow that has all operations we write: tfjs-node's own. */
const tensorflowVersion = '2.9.1';

/**
 * The bytes of a `saved_model.pb`: the graph with the tag "serve" and the given signatures. A graph whose weights
 * are constants, or are written after loading, needs no `variables` folder beside it.
 */
export function savedModelBytes(graph: Graph, signatures: Record<string, Signature>): Uint8Array {
  return encodeSavedModel({
    savedModelSchemaVersion: 1n,
    metaGraphs: [
      {
        metaInfoDef: { tags: [SERVE_TAG], tensorflowVersion, strippedDefaultAttrs: true },
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
