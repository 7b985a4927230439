import { types } from 'node:util';
import { dataTypeNumbers, type AttrValue, type DType, type TensorShapeMessage } from '../proto/messages.js';
import type { Shape } from './tensor.js';

const text = new TextEncoder();

/** A string attribute, such as padding "SAME". */
export const stringAttr = (value: string): AttrValue => ({ s: text.encode(value) });
/** An integer attribute. */
export const intAttr = (value: number): AttrValue => ({ i: BigInt(value) });
/** A list of integers, such as strides. */
export const intsAttr = (values: readonly number[]): AttrValue => ({ list: { i: values.map(BigInt) } });
/** A float32 attribute. */
export const floatAttr = (value: number): AttrValue => ({ f: value });
/** A boolean attribute. */
export const boolAttr = (value: boolean): AttrValue => ({ b: value });
/** An element type. */
export const typeAttr = (dtype: DType): AttrValue => ({ type: dataTypeNumbers[dtype] });
/** A shape. */
export const shapeAttr = (shape: Shape): AttrValue => ({ shape: shapeMessage(shape) });

/** A shape as TensorFlow writes it: an unknown dimension is -1. */
export function shapeMessage(shape: Shape): TensorShapeMessage {
  return { dim: shape.map((size) => ({ size: BigInt(size ?? -1) })) };
}

/** The value of a constant. Typed arrays are written as they lie in memory (little-endian, as TensorFlow's are). */
export type ConstantValue = Float32Array | Int32Array | Int16Array | Uint8Array | readonly string[];

/** A tensor-valued attribute: the value of a `Const` node. */
export function tensorAttr(value: ConstantValue, shape: readonly number[]): AttrValue {
  const tensorShape = shapeMessage(shape);
  const dtype = dataTypeNumbers[constantDType(value)];
  if (!ArrayBuffer.isView(value)) {
    return { tensor: { dtype, tensorShape, stringVal: value.map((item) => text.encode(item)) } };
  }
  const tensorContent = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return { tensor: { dtype, tensorShape, tensorContent } };
}

/** The element type that a constant's value stands for. */
export function constantDType(value: ConstantValue): DType {
  if (types.isFloat32Array(value)) return 'float32';
  if (types.isInt32Array(value)) return 'int32';
  if (types.isInt16Array(value)) return 'int16';
  if (types.isUint8Array(value)) return 'uint8';
  return 'string';
}
