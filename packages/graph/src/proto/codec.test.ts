import { readFileSync } from 'node:fs';
import { runPython } from '@atelier/readers';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  intAttr,
  intsAttr,
  stringAttr,
  tensorAttr,
  boolAttr,
  floatAttr,
  shapeAttr,
  typeAttr,
} from '../build/attributes.js';
import { decodeSavedModel, encodeSavedModel } from './codec.js';
import type { SavedModelMessage } from './messages.js';

const model: SavedModelMessage = {
  savedModelSchemaVersion: 1n,
  metaGraphs: [
    {
      metaInfoDef: { tags: ['serve'], tensorflowVersion: '2.9.0', strippedDefaultAttrs: true },
      graphDef: {
        versions: { producer: 987, minConsumer: 12 },
        node: [
          {
            name: 'a/b',
            op: 'Some',
            input: ['x', 'y:1', '^z'],
            attr: {
              zero: intAttr(0),
              negative: intAttr(-1),
              no: boolAttr(false),
              nothing: floatAttr(0),
              third: floatAttr(Math.fround(1 / 3)),
              text: stringAttr('été'),
              strides: intsAttr([1, 2, 2, 1]),
              T: typeAttr('bfloat16'),
              shape: shapeAttr([null, 3]),
              value: tensorAttr(Float32Array.of(1.5, -2), [2]),
              names: tensorAttr(['cat', 'Zoë'], [2]),
            },
          },
        ],
      },
      signatureDef: {
        serve: {
          inputs: { x: { name: 'x:0', dtype: 4, tensorShape: { dim: [{ size: -1n }] } } },
          outputs: {},
          methodName: 'tensorflow/serving/predict',
        },
      },
    },
  ],
};

describe('encodeSavedModel', () => {
  it('comes back through decodeSavedModel', () => {
    const node = decodeSavedModel(encodeSavedModel(model)).metaGraphs[0]!.graphDef.node[0]!;
    const attr = model.metaGraphs[0]!.graphDef.node[0]!.attr;
    expect(node.input).toEqual(['x', 'y:1', '^z']);
    expect(Object.keys(node.attr).sort()).toEqual(Object.keys(attr).sort());
    for (const [key, value] of Object.entries(attr)) expect(node.attr[key]).toMatchObject(value);
  });

  it('writes what the protocol buffers of TensorFlow itself read', () => {
    const folder = mkdtempSync(join(tmpdir(), 'atelier-codec-'));
    try {
      const file = join(folder, 'saved_model.pb');
      writeFileSync(file, encodeSavedModel(model));
      expect(readFileSync(file).length).toBeGreaterThan(100);
      const read = runPython(
        `
from google.protobuf import json_format
from tensorflow.core.protobuf import saved_model_pb2
message = saved_model_pb2.SavedModel()
message.ParseFromString(open(ARGS, "rb").read())
attr = message.meta_graphs[0].graph_def.node[0].attr
RESULT = {
    "message": json_format.MessageToDict(message, preserving_proto_field_name=True),
    "unknown": len(message.SerializeToString()) - message.ByteSize(),
    "kinds": {name: attr[name].WhichOneof("value") for name in attr},
}
`,
        file,
      ) as { message: { meta_graphs: Record<string, never>[] }; kinds: Record<string, string> };
      expect(read.kinds).toEqual({
        zero: 'i',
        negative: 'i',
        no: 'b',
        nothing: 'f',
        third: 'f',
        text: 's',
        strides: 'list',
        T: 'type',
        shape: 'shape',
        value: 'tensor',
        names: 'tensor',
      });
      const [graph] = read.message.meta_graphs;
      expect(graph).toMatchObject({
        meta_info_def: { tags: ['serve'], tensorflow_version: '2.9.0' },
        graph_def: {
          versions: { producer: 987, min_consumer: 12 },
          node: [
            {
              name: 'a/b',
              op: 'Some',
              input: ['x', 'y:1', '^z'],
              attr: {
                negative: { i: '-1' },
                strides: { list: { i: ['1', '2', '2', '1'] } },
                T: { type: 'DT_BFLOAT16' },
                shape: { shape: { dim: [{ size: '-1' }, { size: '3' }] } },
                value: { tensor: { dtype: 'DT_FLOAT', tensor_shape: { dim: [{ size: '2' }] } } },
                names: { tensor: { dtype: 'DT_STRING' } },
              },
            },
          ],
        },
        signature_def: { serve: { inputs: { x: { name: 'x:0', dtype: 'DT_UINT8' } } } },
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
