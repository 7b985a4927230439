import { create, createFileRegistry, toBinary, type DescMessage } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';

/** A feature of a `tf.train.Example`: texts and bytes, or whole numbers. */
export type ExampleFeature = readonly Uint8Array[] | readonly bigint[];

/**
 * The bytes of a `tf.train.Example`, its features by code point of their names.
 * Source: tensorflow/core/example/{example,feature}.proto.
 */
export function encodeExample(features: Readonly<Record<string, ExampleFeature>>): Uint8Array {
  const feature = Object.fromEntries(
    Object.entries(features)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, values]) => [
        name,
        {
          kind: { case: typeof values[0] === 'bigint' ? 'int64List' : 'bytesList', value: { value: values } },
        },
      ]),
  );
  const schema = exampleSchema();
  return toBinary(schema, create(schema, { features: { feature } }));
}

let known: DescMessage | undefined;

/** The descriptor of `tensorflow.Example`, made on first use. Float lists are left out: there are none. */
function exampleSchema(): DescMessage {
  const field = (name: string, number: number, type: string | Type) => ({
    name,
    number,
    label: Label.OPTIONAL,
    ...(typeof type === 'string' ? { type: Type.MESSAGE, typeName: `.tensorflow.${type}` } : { type }),
  });
  const list = (name: string, type: Type) => ({
    name,
    field: [{ name: 'value', number: 1, label: Label.REPEATED, type }],
  });
  const entry = {
    name: 'FeatureEntry',
    field: [field('key', 1, Type.STRING), field('value', 2, 'Feature')],
    options: { mapEntry: true },
  };
  const map = { ...field('feature', 1, 'Features.FeatureEntry'), label: Label.REPEATED };
  known ??= createFileRegistry(
    create(FileDescriptorProtoSchema, {
      name: 'tensorflow/example_subset.proto',
      package: 'tensorflow',
      syntax: 'proto3',
      messageType: [
        list('BytesList', Type.BYTES),
        list('Int64List', Type.INT64),
        {
          name: 'Feature',
          field: [
            { ...field('bytes_list', 1, 'BytesList'), oneofIndex: 0 },
            { ...field('int64_list', 3, 'Int64List'), oneofIndex: 0 },
          ],
          oneofDecl: [{ name: 'kind' }],
        },
        { name: 'Features', field: [map], nestedType: [entry] },
        { name: 'Example', field: [field('features', 1, 'Features')] },
      ],
    }),
    () => undefined,
  ).getMessage('tensorflow.Example');
  if (known === undefined) throw new Error('the table of messages holds no Example');
  return known;
}
