/**
 * The part of ONNX's protocol buffers that a classifier needs, as plain TypeScript: the shapes of the messages and,
 * below them, their field numbers. Source: onnx/onnx.proto of ONNX 1.12 (IR version 8).
 */
import { messageCodec, type Field, type MessageTable } from '@atelier/graph';

/** `onnx.TensorProto.DataType`, by the names NumPy gives the types. */
export const onnxTypes = { float32: 1, uint8: 2, int32: 6, int64: 7 } as const;

/** Element type of a tensor. */
export type OnnxType = keyof typeof onnxTypes;

/** `onnx.AttributeProto.AttributeType`. */
export const attributeTypes = { f: 1, i: 2, s: 3, floats: 6, ints: 7 } as const;

/** `onnx.AttributeProto`: one value, and the number of its type. */
export interface OnnxAttribute {
  name: string;
  type: number;
  f?: number;
  i?: bigint;
  s?: Uint8Array;
  ints?: bigint[];
}

/** `onnx.NodeProto`: one operation. An output is called what its users call it. */
export interface OnnxNode {
  name: string;
  opType: string;
  input: string[];
  output: string[];
  attribute: OnnxAttribute[];
}

/** `onnx.TensorProto`: a constant, little-endian. */
export interface OnnxTensor {
  name: string;
  dims: bigint[];
  dataType: number;
  rawData: Uint8Array;
}

/** `onnx.ValueInfoProto`: an input or output with its type; a named dimension is known when the model runs. */
export interface OnnxValue {
  name: string;
  type: { tensorType: { elemType: number; shape: { dim: { dimValue?: bigint; dimParam?: string }[] } } };
}

/** `onnx.ModelProto`, the content of a `.onnx` file. */
export interface OnnxModel {
  irVersion: bigint;
  producerName: string;
  producerVersion: string;
  opsetImport: { domain: string; version: bigint }[];
  metadataProps: { key: string; value: string }[];
  graph: {
    name: string;
    node: OnnxNode[];
    initializer: OnnxTensor[];
    input: OnnxValue[];
    output: OnnxValue[];
  };
}

type MessageName =
  | 'ModelProto'
  | 'OperatorSetIdProto'
  | 'StringStringEntryProto'
  | 'GraphProto'
  | 'NodeProto'
  | 'AttributeProto'
  | 'TensorProto'
  | 'ValueInfoProto'
  | 'TypeProto'
  | 'TensorType'
  | 'TensorShapeProto'
  | 'Dimension';

type Type = Field<MessageName>['type'];
const one = (number: number, type: Type): Field<MessageName> => ({ number, type });
const list = (number: number, type: Type): Field<MessageName> => ({ number, type, many: 'list' });

const modelFields = {
  ir_version: one(1, 'int64'),
  producer_name: one(2, 'string'),
  producer_version: one(3, 'string'),
  opset_import: list(8, 'OperatorSetIdProto'),
  metadata_props: list(14, 'StringStringEntryProto'),
};

const messages: MessageTable<MessageName> = {
  ModelProto: { ...modelFields, graph: one(7, 'GraphProto') },
  OperatorSetIdProto: { domain: one(1, 'string'), version: one(2, 'int64') },
  StringStringEntryProto: { key: one(1, 'string'), value: one(2, 'string') },
  GraphProto: {
    node: list(1, 'NodeProto'),
    name: one(2, 'string'),
    initializer: list(5, 'TensorProto'),
    input: list(11, 'ValueInfoProto'),
    output: list(12, 'ValueInfoProto'),
  },
  NodeProto: {
    input: list(1, 'string'),
    output: list(2, 'string'),
    name: one(3, 'string'),
    op_type: one(4, 'string'),
    attribute: list(5, 'AttributeProto'),
  },
  AttributeProto: {
    name: one(1, 'string'),
    f: one(2, 'float'),
    i: one(3, 'int64'),
    s: one(4, 'bytes'),
    ints: list(8, 'int64'),
    type: one(20, 'int32'),
  },
  TensorProto: {
    dims: list(1, 'int64'),
    data_type: one(2, 'int32'),
    name: one(8, 'string'),
    raw_data: one(9, 'bytes'),
  },
  ValueInfoProto: { name: one(1, 'string'), type: one(2, 'TypeProto') },
  TypeProto: { tensor_type: one(1, 'TensorType') },
  TensorType: { elem_type: one(1, 'int32'), shape: one(2, 'TensorShapeProto') },
  TensorShapeProto: { dim: list(1, 'Dimension') },
  Dimension: { dim_value: one(1, 'int64'), dim_param: one(2, 'string') },
};

/** Writes a `.onnx` file. */
export const onnxCodec = messageCodec<OnnxModel, MessageName>(messages, {
  package: 'onnx',
  root: 'ModelProto',
});

/** Reads what a `.onnx` file says of itself; its graph, which may be large, is skipped. */
export const onnxHeaderCodec = messageCodec<Omit<OnnxModel, 'graph'>, MessageName>(
  { ...messages, ModelProto: modelFields },
  { package: 'onnx', root: 'ModelProto' },
);
