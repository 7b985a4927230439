/**
 * The part of TensorFlow's protocol buffers that a SavedModel of ours needs, as plain TypeScript: the shapes
 * of the messages and, below them, the field numbers and wire types from which the codec is made.
 * Source: tensorflow/core/protobuf/{saved_model,meta_graph}.proto, tensorflow/core/framework/{graph,node_def,
 * attr_value,tensor,tensor_shape,types,versions}.proto.
 */
import type { Field, MessageTable } from './message-table.js';

/** `tensorflow.DataType`, the numbers TensorFlow gives its element types. */
export const dataTypeNumbers = {
  float32: 1,
  int32: 3,
  uint8: 4,
  int16: 5,
  string: 7,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  resource: 20,
} as const;

/** Element type of a tensor, by the name NumPy gives it. */
export type DType = keyof typeof dataTypeNumbers;

/** `tensorflow.TensorShapeProto`; size -1 is an unknown dimension. */
export interface TensorShapeMessage {
  dim?: { size?: bigint }[];
  unknownRank?: boolean;
}

/** `tensorflow.TensorProto`: little-endian elements in `tensorContent`, or strings in `stringVal`. */
export interface TensorMessage {
  dtype: number;
  tensorShape: TensorShapeMessage;
  tensorContent?: Uint8Array;
  stringVal?: Uint8Array[];
}

/** `tensorflow.AttrValue`: exactly one of the fields is present. */
export interface AttrValue {
  list?: { i?: bigint[]; type?: number[]; shape?: TensorShapeMessage[] };
  s?: Uint8Array;
  i?: bigint;
  f?: number;
  b?: boolean;
  type?: number;
  shape?: TensorShapeMessage;
  tensor?: TensorMessage;
}

/** `tensorflow.NodeDef`: one operation. An input is `node`, `node:index` or, for a control input, `^node`. */
export interface NodeDef {
  name: string;
  op: string;
  input: string[];
  attr: Record<string, AttrValue>;
}

/** `tensorflow.TensorInfo`: a tensor (`node:index`) with its type and shape, as a signature states it. */
export interface TensorInfo {
  name: string;
  dtype: number;
  tensorShape: TensorShapeMessage;
}

/** `tensorflow.SignatureDef`: a named way to run the graph. */
export interface SignatureDef {
  inputs: Record<string, TensorInfo>;
  outputs: Record<string, TensorInfo>;
  methodName: string;
}

/** `tensorflow.MetaGraphDef`: a graph with its tags and signatures. */
export interface MetaGraphDef {
  metaInfoDef: { tags: string[]; tensorflowVersion: string; strippedDefaultAttrs: boolean };
  graphDef: { node: NodeDef[]; versions: { producer: number; minConsumer: number } };
  signatureDef: Record<string, SignatureDef>;
}

/** `tensorflow.SavedModel`, the content of `saved_model.pb`. */
export interface SavedModelMessage {
  savedModelSchemaVersion: bigint;
  metaGraphs: MetaGraphDef[];
}

/** The names of the messages below, without their package `tensorflow`. */
export type MessageName =
  | 'SavedModel'
  | 'MetaGraphDef'
  | 'MetaInfoDef'
  | 'GraphDef'
  | 'VersionDef'
  | 'NodeDef'
  | 'AttrValue'
  | 'ListValue'
  | 'TensorProto'
  | 'TensorShapeProto'
  | 'Dim'
  | 'SignatureDef'
  | 'TensorInfo';

type Type = Field<MessageName>['type'];
const one = (number: number, type: Type): Field<MessageName> => ({ number, type });
const list = (number: number, type: Type): Field<MessageName> => ({ number, type, many: 'list' });
const map = (number: number, type: MessageName): Field<MessageName> => ({ number, type, many: 'map' });

/**
 * Field numbers as in TensorFlow's .proto files. Enumerations (DataType) are declared as int32 and the members
 * of a oneof as optional fields: both are the same bytes on the wire.
 */
export const messages: MessageTable<MessageName> = {
  SavedModel: { saved_model_schema_version: one(1, 'int64'), meta_graphs: list(2, 'MetaGraphDef') },
  MetaGraphDef: {
    meta_info_def: one(1, 'MetaInfoDef'),
    graph_def: one(2, 'GraphDef'),
    signature_def: map(5, 'SignatureDef'),
  },
  MetaInfoDef: {
    tags: list(4, 'string'),
    tensorflow_version: one(5, 'string'),
    stripped_default_attrs: one(7, 'bool'),
  },
  GraphDef: { node: list(1, 'NodeDef'), versions: one(4, 'VersionDef') },
  VersionDef: { producer: one(1, 'int32'), min_consumer: one(2, 'int32') },
  NodeDef: {
    name: one(1, 'string'),
    op: one(2, 'string'),
    input: list(3, 'string'),
    attr: map(5, 'AttrValue'),
  },
  AttrValue: {
    list: one(1, 'ListValue'),
    s: one(2, 'bytes'),
    i: one(3, 'int64'),
    f: one(4, 'float'),
    b: one(5, 'bool'),
    type: one(6, 'int32'),
    shape: one(7, 'TensorShapeProto'),
    tensor: one(8, 'TensorProto'),
  },
  ListValue: { i: list(3, 'int64'), type: list(6, 'int32'), shape: list(7, 'TensorShapeProto') },
  TensorProto: {
    dtype: one(1, 'int32'),
    tensor_shape: one(2, 'TensorShapeProto'),
    tensor_content: one(4, 'bytes'),
    string_val: list(8, 'bytes'),
  },
  TensorShapeProto: { dim: list(2, 'Dim'), unknown_rank: one(3, 'bool') },
  Dim: { size: one(1, 'int64') },
  SignatureDef: {
    inputs: map(1, 'TensorInfo'),
    outputs: map(2, 'TensorInfo'),
    method_name: one(3, 'string'),
  },
  TensorInfo: { name: one(1, 'string'), dtype: one(2, 'int32'), tensor_shape: one(3, 'TensorShapeProto') },
};
