// What a decoder pool and its processes say to each other, as node:child_process carries it (serialization
// "advanced": plain data and byte arrays).
import type { ErrorFields } from '@atelier/core/errors';
import type { ImageMeasures } from '../measure-image.js';
import type { ImageHeader } from '../probe-image.js';
import type { ImageLimits } from '../limits.js';
import type { ResizeOptions } from '../resize-image.js';

/** A picture file as a stage knows it. */
export interface SourceFile {
  /** Absolute. */
  readonly path: string;
  /** The SHA-256 its bytes must have, in hexadecimal; whatever is there is taken where it is left out. */
  readonly sha256?: string;
}

/** `limits` of dataset.json, as far as a decoder obeys them. */
export interface DecoderLimits extends ImageLimits {
  /** Bytes of the file. */
  readonly maxFileBytes: number;
  /** Resident memory of the process while it decodes. */
  readonly maxMemoryBytes: number;
  /** From the moment a process takes the picture on. */
  readonly timeoutMs: number;
}

/** The header of a picture file, and how large the file is. */
export interface ProbedFile extends ImageHeader {
  readonly sizeBytes: number;
}

/** A source brought to the one size: the JPEG's bytes and what was measured of the pixels before that. */
export interface PreparedFile {
  readonly jpeg: Uint8Array;
  readonly measures: ImageMeasures;
}

/** What a process is asked to do with one file. */
export type DecoderTask =
  | { readonly kind: 'probe'; readonly source: SourceFile; readonly limits: DecoderLimits }
  | {
      readonly kind: 'prepare';
      readonly source: SourceFile;
      readonly limits: DecoderLimits;
      readonly resize: ResizeOptions;
    };

/** What comes of a task, by its kind. */
export interface DecoderResults {
  probe: ProbedFile;
  prepare: PreparedFile;
}

/** From the pool to a process. */
export interface DecoderRequest {
  readonly id: number;
  readonly task: DecoderTask;
}

/** An error on its way between processes. */
export interface CarriedError {
  /** The fields of an AtelierError; left out for any other error. */
  readonly fields?: ErrorFields;
  readonly message: string;
  readonly stack?: string;
}

/** From a process to the pool. */
export type DecoderMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'memory'; readonly residentBytes: number }
  | { readonly kind: 'done'; readonly id: number; readonly result: DecoderResults[DecoderTask['kind']] }
  | { readonly kind: 'failed'; readonly id: number; readonly error: CarriedError };
