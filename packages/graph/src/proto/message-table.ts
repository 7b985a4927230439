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

const scalarTypes = {
  string: Type.STRING,
  bytes: Type.BYTES,
  int32: Type.INT32,
  int64: Type.INT64,
  float: Type.FLOAT,
  bool: Type.BOOL,
} as const;

/** How a field is written: a scalar, a message of the same table, a list of either, or a map from strings to messages. */
export interface Field<Name extends string = string> {
  number: number;
  type: keyof typeof scalarTypes | Name;
  many?: 'list' | 'map';
}

/** Messages of a protocol by their names, and the fields of each by theirs, in snake case as .proto files have them. */
export type MessageTable<Name extends string = string> = Record<Name, Record<string, Field<Name>>>;

/** Writes and reads one kind of message, whose fields are properties in camel case. */
export interface MessageCodec<Content> {
  encode(message: Content): Uint8Array;
  /** Fields that the table does not name are skipped. @throws Error where the bytes are no such message */
  decode(bytes: Uint8Array): Content;
}

/**
 * A codec for the message `root` of a table, made on first use.
 * @param table field numbers and types. Enumerations may be declared as int32 and the members of a oneof as optional
 * fields: both are the same bytes on the wire
 */
export function messageCodec<Content, Name extends string = string>(
  table: MessageTable<Name>,
  { package: packageName, root }: { package: string; root: NoInfer<Name> },
): MessageCodec<Content> {
  let known: DescMessage | undefined;
  const schema = (): DescMessage => {
    known ??= createFileRegistry(
      create(FileDescriptorProtoSchema, {
        name: `${packageName}/subset.proto`,
        package: packageName,
        // proto2: a field that is set is written even when it holds its default, as members of a oneof must be
        syntax: 'proto2',
        messageType: Object.entries<Record<string, Field>>(table).map(([name, fields]) =>
          describeMessage(packageName, name, fields),
        ),
      }),
      () => undefined,
    ).getMessage(`${packageName}.${root}`);
    if (known === undefined) throw new Error(`the table of messages holds no ${root}`);
    return known;
  };
  return {
    encode: (message) =>
      toBinary(schema(), create(schema(), message as unknown as MessageInitShape<DescMessage>)),
    decode: (bytes) =>
      fromBinary(schema(), bytes, { readUnknownFields: false }) as Message as unknown as Content,
  };
}

function describeMessage(packageName: string, name: string, fields: Record<string, Field>) {
  const entries = Object.entries(fields);
  return {
    name,
    field: entries.map(([fieldName, field]) => describeField(fieldName, field, `.${packageName}.${name}`)),
    nestedType: entries
      .filter(([, field]) => field.many === 'map')
      .map(([fieldName, field]) => ({
        name: mapEntryName(fieldName),
        options: { mapEntry: true },
        field: [
          { name: 'key', number: 1, label: Label.OPTIONAL, type: Type.STRING },
          { name: 'value', number: 2, label: Label.OPTIONAL, ...describeType(field.type, `.${packageName}`) },
        ],
      })),
  };
}

/** @param message the full name of the message that the field is of */
function describeField(name: string, { number, type, many }: Field, message: string) {
  if (many === 'map') {
    const typeName = `${message}.${mapEntryName(name)}`;
    return { name, number, label: Label.REPEATED, type: Type.MESSAGE, typeName };
  }
  const label = many === 'list' ? Label.REPEATED : Label.OPTIONAL;
  return { name, number, label, ...describeType(type, message.slice(0, message.lastIndexOf('.'))) };
}

function describeType(type: Field['type'], scope: string) {
  return type in scalarTypes
    ? { type: scalarTypes[type as keyof typeof scalarTypes] }
    : { type: Type.MESSAGE, typeName: `${scope}.${type}` };
}

/** protoc's name of the message behind a map field: `signature_def` -> `SignatureDefEntry`. */
function mapEntryName(field: string): string {
  return `${field.replace(/(^|_)(\w)/g, (_, __, letter: string) => letter.toUpperCase())}Entry`;
}
