/**
 * The formats on disk, pictures apart: what each stage leaves behind for the next one and for people with other
 * tools. Every writer is atomic and gives equal bytes for equal content; every reader proves what it reads or says
 * what is wrong with it.
 */
export { digestFile, sha256, type FileDigest } from './digest.js';
export { damagedError, readError, writeError } from './file-errors.js';
export {
  createAtomicFile,
  isPartialFileName,
  writeFileAtomic,
  type AtomicFile,
  type AtomicOptions,
} from './write-atomic.js';
export {
  manifestFileName,
  readManifest,
  sourceFile,
  writeManifest,
  type Manifest,
  type ManifestHeader,
  type ManifestItem,
  type ManifestOutput,
  type ManifestQuarantine,
} from './manifest.js';
export { readManifestLine, scanManifest, type ManifestPlace } from './scan-manifest.js';
export {
  createTensorShard,
  openTensorShard,
  type TensorRow,
  type TensorShard,
  type TensorShardSpec,
  type TensorShardWriter,
} from './arrow/tensor-shard.js';
export {
  encodeBinaries,
  encodeScalars,
  type ColumnBuffers,
  type ColumnData,
  type ElementData,
  type ElementType,
  type ScalarType,
  type WritableField,
} from './arrow/arrow-columns.js';
export { createArrowFile, type ArrowWriter } from './arrow/arrow-writer.js';
export { readArrowTable, writeArrowTable, type ArrowTable, type TableColumn } from './arrow/arrow-table.js';
export { readCsv, writeCsv, type CsvOptions, type CsvTable } from './csv.js';
export {
  decodeNpy,
  readNpy,
  writeNpy,
  type NpyArray,
  type NpyDtype,
  type WritableNpyArray,
} from './numpy/npy.js';
export {
  createNpz,
  readNpz,
  textArray,
  writeNpz,
  type NpzChunks,
  type NpzEntry,
  type NpzWriter,
} from './numpy/npz.js';
export { float16Bits, float16Value, fromFloat16, toFloat16 } from './numpy/float16.js';
