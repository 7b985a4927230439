import { compareCodePoints, SPLITS, type PublishFormat } from '@atelier/core';
import { filesOf, type Described } from './described.js';

/** The context of Croissant 1.1, as its specification gives it. */
const CONTEXT = {
  '@language': 'en',
  '@vocab': 'https://schema.org/',
  arrayShape: 'cr:arrayShape',
  citeAs: 'cr:citeAs',
  column: 'cr:column',
  conformsTo: 'dct:conformsTo',
  containedIn: 'cr:containedIn',
  cr: 'http://mlcommons.org/croissant/',
  data: { '@id': 'cr:data', '@type': '@json' },
  dataType: { '@id': 'cr:dataType', '@type': '@vocab' },
  dct: 'http://purl.org/dc/terms/',
  description: { '@container': '@language' },
  equivalentProperty: 'cr:equivalentProperty',
  examples: { '@id': 'cr:examples', '@type': '@json' },
  extract: 'cr:extract',
  field: 'cr:field',
  fileObject: 'cr:fileObject',
  fileProperty: 'cr:fileProperty',
  fileSet: 'cr:fileSet',
  format: 'cr:format',
  includes: 'cr:includes',
  isArray: 'cr:isArray',
  isLiveDataset: 'cr:isLiveDataset',
  jsonPath: 'cr:jsonPath',
  key: 'cr:key',
  md5: 'cr:md5',
  name: { '@container': '@language' },
  parentField: 'cr:parentField',
  path: 'cr:path',
  rai: 'http://mlcommons.org/croissant/RAI/',
  recordSet: 'cr:recordSet',
  references: 'cr:references',
  regex: 'cr:regex',
  repeated: 'cr:repeated',
  replace: 'cr:replace',
  samplingRate: 'cr:samplingRate',
  sc: 'https://schema.org/',
  separator: 'cr:separator',
  source: 'cr:source',
  subField: 'cr:subField',
  transform: 'cr:transform',
};

/** Media types of the formats' files of data. */
const MEDIA_TYPES: Readonly<Record<PublishFormat, string>> = {
  parquet: 'application/x-parquet',
  imagefolder: 'application/x-parquet',
  webdataset: 'application/x-tar',
  tfrecord: 'application/octet-stream',
  npz: 'application/zip',
  arrow: 'application/vnd.apache.arrow.file',
};

/**
 * The Croissant metadata of a format (croissant.json beside its data): every file with its digest, and for Parquet and
 * image folders the records as `mlcroissant` reads them.
 * Source: Croissant 1.1, docs.mlcommons.org/croissant.
 */
export function croissant(format: PublishFormat, described: Described): object {
  const { publish, sheet } = described;
  const files = filesOf(format, described).sort((a, b) => compareCodePoints(a.path, b.path));
  const single = files.filter(({ path }) => !path.endsWith('.jpg'));
  const objects = single.map(({ path, sizeBytes, sha256 }) => ({
    '@type': 'cr:FileObject',
    '@id': path,
    name: path,
    contentUrl: path,
    contentSize: `${sizeBytes} B`,
    encodingFormat: path.endsWith('classes.json') ? 'application/json' : MEDIA_TYPES[format],
    sha256,
  }));
  const splits = SPLITS.filter((name) => sheet.splits.some(({ split }) => split === name));
  return {
    '@context': CONTEXT,
    '@type': 'sc:Dataset',
    conformsTo: 'http://mlcommons.org/croissant/1.1',
    name: publish.name,
    description: publish.description ?? 'Pictures with one class each.',
    ...(publish.license !== null && { license: licenseUrl(publish.license) }),
    ...(publish.homepage !== null && { url: publish.homepage }),
    ...(publish.creators.length > 0 && {
      creator: publish.creators.map((name) => ({ '@type': 'sc:Person', name })),
    }),
    version: publish.version,
    ...(publish.datePublished !== null && { datePublished: publish.datePublished }),
    ...(publish.citation !== null && { citeAs: publish.citation }),
    keywords: ['image-classification'],
    distribution: [...objects, ...fileSets(format, splits)],
    recordSet: recordSets(format, described, splits),
  };
}

/** SPDX identifiers have a page each; an address stays one. */
const licenseUrl = (license: string) =>
  /^https?:/.test(license) ? license : `https://spdx.org/licenses/${license}`;

function fileSets(format: PublishFormat, splits: readonly string[]): object[] {
  const set = (id: string, encodingFormat: string, includes: string) => ({
    '@type': 'cr:FileSet',
    '@id': id,
    name: id,
    encodingFormat,
    includes,
  });
  if (format === 'parquet') {
    return splits.map((split) => set(`${split}-files`, MEDIA_TYPES.parquet, `data/${split}-*.parquet`));
  }
  if (format === 'imagefolder') {
    return splits.map((split) => set(`${split}-pictures`, 'image/jpeg', `${split}/*/*.jpg`));
  }
  return [];
}

/** The names of the splits and classes, and the records of each split. */
function recordSets(format: PublishFormat, { sheet }: Described, splits: readonly string[]): object[] {
  const classes = {
    '@type': 'cr:RecordSet',
    '@id': 'classes',
    name: 'classes',
    description: 'The classes by their indices.',
    dataType: 'sc:Enumeration',
    key: { '@id': 'classes/index' },
    field: [field('classes/index', 'sc:Integer'), field('classes/name', 'sc:Text')],
    data: sheet.classes.map(({ name }, i) => ({ 'classes/index': i, 'classes/name': name })),
  };
  const records =
    format === 'parquet' ? parquetRecords : format === 'imagefolder' ? folderRecords : undefined;
  return records === undefined ? [classes] : [classes, ...splits.map(records)];
}

const field = (id: string, dataType: string | string[], more: object = {}) => ({
  '@type': 'cr:Field',
  '@id': id,
  name: id.slice(id.lastIndexOf('/') + 1),
  dataType,
  ...more,
});

function parquetRecords(split: string): object {
  const column = (name: string, more: object = {}) => ({
    source: { fileSet: { '@id': `${split}-files` }, extract: { column: name }, ...more },
  });
  return {
    '@type': 'cr:RecordSet',
    '@id': split,
    name: split,
    field: [
      field(`${split}/image`, 'sc:ImageObject', column('image', { transform: { jsonPath: 'bytes' } })),
      field(`${split}/label`, 'sc:Integer', {
        ...column('label'),
        references: { field: { '@id': 'classes/index' } },
      }),
      field(`${split}/source_id`, 'sc:Text', column('source_id')),
      field(`${split}/variant`, 'sc:Integer', column('variant')),
    ],
  };
}

/** The pictures of a split, each with its row of the table beside them. */
function folderRecords(split: string): object {
  const table = { fileObject: { '@id': `${split}/metadata.parquet` } };
  const column = (name: string) => ({ source: { ...table, extract: { column: name } } });
  const picture = (property: string, more: object = {}) => ({
    source: { fileSet: { '@id': `${split}-pictures` }, extract: { fileProperty: property }, ...more },
  });
  return {
    '@type': 'cr:RecordSet',
    '@id': split,
    name: split,
    field: [
      field(`${split}/file_name`, 'sc:Text', {
        ...picture('fullpath', { transform: { regex: '^(?:.*/)?([^/]+/[^/]+)$' } }),
        references: { ...table, extract: { column: 'file_name' } },
      }),
      field(`${split}/image`, 'sc:ImageObject', picture('content')),
      field(`${split}/label`, 'sc:Integer', column('label')),
      field(`${split}/source_id`, 'sc:Text', column('source_id')),
      field(`${split}/variant`, 'sc:Integer', column('variant')),
    ],
  };
}
