import {
  create,
  createFileRegistry,
  fromBinary,
  toBinary,
  type DescMessage,
  type Message,
  type MessageInitShape,
} from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';
import { messages, type Field, type MessageName, type SavedModelMessage } from './messages.js';

const scalarTypes = {
  string: Type.STRING,
  bytes: Type.BYTES,
  int32: Type.INT32,
  int64: Type.INT64,
  float: Type.FLOAT,
  bool: Type.BOOL,
} as const;

/** The bytes of a `saved_model.pb`. */
export function encodeSavedModel(model: SavedModelMessage): Uint8Array {
  const schema = savedModelSchema();
  return toBinary(schema, create(schema, model as unknown as MessageInitShape<DescMessage>));
}

/** Reads the fields we know out of a `saved_model.pb`; other fields are skipped. */
export function decodeSavedModel(bytes: Uint8Array): SavedModelMessage {
  return fromBinary(savedModelSchema(), bytes) as Message as Message & SavedModelMessage;
}

let schema: DescMessage | undefined;

/** The descriptor of `tensorflow.SavedModel`, made from the table of fields on first use. */
function savedModelSchema(): DescMessage {
  schema ??= createFileRegistry(
    create(FileDescriptorProtoSchema, {
      name: 'tensorflow/saved_model_subset.proto',
      package: 'tensorflow',
      // proto2: a field that is set is written even when it holds its default, as members of a oneof must be
      syntax: 'proto2',
      messageType: Object.entries(messages).map(([name, fields]) => describeMessage(name, fields)),
    }),
    () => undefined,
  ).getMessage('tensorflow.SavedModel');
  if (schema === undefined) throw new Error('the table of messages holds no SavedModel');
  return schema;
}

function describeMessage(name: string, fields: Record<string, Field>) {
  const entries = Object.entries(fields);
  return {
    name,
    field: entries.map(([fieldName, field]) => describeField(fieldName, field, name)),
    nestedType: entries
      .filter(([, field]) => field.many === 'map')
      .map(([fieldName, field]) => ({
        name: mapEntryName(fieldName),
        options: { mapEntry: true },
        field: [
          { name: 'key', number: 1, label: Label.OPTIONAL, type: Type.STRING },
          { name: 'value', number: 2, label: Label.OPTIONAL, ...describeType(field.type) },
        ],
      })),
  };
}

function describeField(name: string, { number, type, many }: Field, message: string) {
  if (many === 'map') {
    const typeName = `.tensorflow.${message}.${mapEntryName(name)}`;
    return { name, number, label: Label.REPEATED, type: Type.MESSAGE, typeName };
  }
  return { name, number, label: many === 'list' ? Label.REPEATED : Label.OPTIONAL, ...describeType(type) };
}

function describeType(type: Field['type']) {
  return type in scalarTypes
    ? { type: scalarTypes[type as keyof typeof scalarTypes] }
    : { type: Type.MESSAGE, typeName: `.tensorflow.${type as MessageName}` };
}

/** protoc's name of the message behind a map field: `signature_def` -> `SignatureDefEntry`. */
function mapEntryName(field: string): string {
  return `${field.replace(/(^|_)(\w)/g, (_, __, letter: string) => letter.toUpperCase())}Entry`;
}
