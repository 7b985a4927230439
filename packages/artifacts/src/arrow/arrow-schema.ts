import type * as ArrowModule from 'apache-arrow';
import type { DataType, Field, Schema } from 'apache-arrow';
import type * as FileModule from 'apache-arrow/ipc/metadata/file';
import type * as MessageModule from 'apache-arrow/ipc/metadata/message';
import type { ElementType, FieldSpec, ScalarType, WritableField } from './arrow-columns.js';

/** The Arrow library, and the two of its parts, not listed at its front door, that describe a file. */
export interface Arrow {
  readonly arrow: typeof ArrowModule;
  readonly file: typeof FileModule;
  readonly message: typeof MessageModule;
}

let loading: Promise<Arrow> | undefined;

/** Loads the Arrow library. That takes a tenth of a second, so only those who need it do. */
export function loadArrow(): Promise<Arrow> {
  loading ??= load();
  return loading;
}

/** One after the other: jest's module loader fails where graphs that overlap are loaded at once. */
async function load(): Promise<Arrow> {
  const arrow = await import('apache-arrow');
  const file = await import('apache-arrow/ipc/metadata/file');
  const message = await import('apache-arrow/ipc/metadata/message');
  return { arrow, file, message };
}

/** The Arrow schema of columns, none of which can be null unless it says so. */
export function toSchema(
  { arrow }: Arrow,
  fields: readonly WritableField[],
  metadata: ReadonlyMap<string, string>,
): Schema {
  const scalars: Readonly<Record<ScalarType, () => DataType>> = {
    utf8: () => new arrow.Utf8(),
    int32: () => new arrow.Int32(),
    float32: () => new arrow.Float32(),
    bool: () => new arrow.Bool(),
  };
  const elements: Readonly<Record<ElementType, () => DataType>> = {
    float32: () => new arrow.Float32(),
    float16: () => new arrow.Float16(),
    uint8: () => new arrow.Uint8(),
  };
  const typeOf = (type: WritableField['type']): DataType => {
    if (type === 'binary') return new arrow.Binary();
    if (type === 'int64') return new arrow.Int64();
    if (typeof type === 'string') return scalars[type]();
    if ('children' in type) return new arrow.Struct(type.children.map(toField));
    // pyarrow names the child "item" and lets it be null, in its own fixed_shape_tensor too
    return new arrow.FixedSizeList(type.size, new arrow.Field('item', elements[type.element](), true));
  };
  const toField = ({ name, type, metadata: own, nullable = false }: WritableField): Field =>
    new arrow.Field(name, typeOf(type), nullable, new Map(own));
  return new arrow.Schema(fields.map(toField), new Map(metadata));
}

/** The columns of an Arrow schema; for one of another type, the type's name instead. */
export function fromSchema(
  { arrow }: Arrow,
  schema: Schema,
): (FieldSpec | { name: string; unsupported: string })[] {
  const { DataType, Precision } = arrow;
  const scalarOf = (type: DataType): ScalarType | undefined => {
    if (DataType.isUtf8(type)) return 'utf8';
    if (DataType.isBool(type)) return 'bool';
    if (DataType.isInt(type) && type.bitWidth === 32 && type.isSigned) return 'int32';
    return DataType.isFloat(type) && type.precision === Precision.SINGLE ? 'float32' : undefined;
  };
  const elementOf = (type: DataType): ElementType | undefined => {
    if (DataType.isInt(type) && type.bitWidth === 8 && !type.isSigned) return 'uint8';
    if (!DataType.isFloat(type) || type.precision === Precision.DOUBLE) return undefined;
    return type.precision === Precision.SINGLE ? 'float32' : 'float16';
  };
  return schema.fields.map(({ name, type, metadata }) => {
    const scalar = scalarOf(type);
    if (scalar !== undefined) return { name, type: scalar, metadata };
    const element = DataType.isFixedSizeList(type) ? elementOf(type.valueType) : undefined;
    if (element === undefined) return { name, unsupported: String(type) };
    return { name, type: { element, size: (type as { listSize?: number }).listSize ?? 0 }, metadata };
  });
}
