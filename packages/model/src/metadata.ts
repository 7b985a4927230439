import { AtelierError, messageOf, parseDatasetConfig, type DatasetConfig } from '@atelier/core';
import type { DecoderLimits } from '@atelier/image';

/** What must be known to use a model: kept in model.json (userDefinedMetadata) and beside it in metadata.json. */
export interface ModelMetadata {
  /** Of this record. */
  readonly formatVersion: 1;
  /** The run that trained it. */
  readonly runId: string;
  /** The name of each output unit, in order. */
  readonly classNames: readonly string[];
  /** What the model takes: RGB pixels [batch, height, width, channels], 0-255, unscaled. */
  readonly input: {
    readonly height: number;
    readonly width: number;
    readonly channels: number;
    readonly valueRange: readonly [number, number];
    readonly dtype: 'uint8';
  };
  /** How a file becomes such pixels. */
  readonly resize: DatasetConfig['resize'];
  /** What the model's own layers standardize by, in [0, 1] per channel; null where they only divide by 255. */
  readonly normalize: { readonly mean: readonly number[] | null; readonly std: readonly number[] | null };
  /** What a source picture may be and take; what a model does not say is taken as dataset.json's default. */
  readonly limits: DecoderLimits;
  /** Library name -> version. */
  readonly versions: Readonly<Record<string, string>>;
  /** Artifact (path in the dataset) -> SHA-256 of what the model was trained on. */
  readonly trainedOn: Readonly<Record<string, string>>;
}

/**
 * Checks a parsed record.
 * @param path where it came from, for messages
 * @param outputs the number of output units of the model, where it is known
 * @throws AtelierError MODEL_INVALID naming what is missing
 */
export function parseModelMetadata(record: unknown, path: string, outputs?: number): ModelMetadata {
  const metadata = record as Partial<ModelMetadata> | null | undefined;
  const names = metadata?.classNames;
  const problem =
    metadata === null || typeof metadata !== 'object'
      ? 'it holds no metadata of Atelier'
      : metadata.formatVersion !== 1
        ? `its format version is ${JSON.stringify(metadata.formatVersion)}, this program reads 1`
        : !Array.isArray(names) || !names.every((name) => typeof name === 'string')
          ? 'it does not name its classes'
          : outputs !== undefined && names.length !== outputs
            ? `it names ${names.length} classes but has ${outputs} output units`
            : typeof metadata.input?.height !== 'number' || typeof metadata.input.width !== 'number'
              ? 'it does not say the size of its input'
              : typeof metadata.resize?.fit !== 'string' || typeof metadata.limits?.maxPixels !== 'number'
                ? 'it does not say how its pictures were prepared'
                : undefined;
  if (problem === undefined) return { ...(metadata as ModelMetadata), ...preparation(metadata, path) };
  throw invalid(path, problem);
}

/**
 * How pictures are prepared, held to the schema of dataset.json and completed with its defaults: a model may come from a
 * stranger, or from before there was a limit.
 */
function preparation(
  metadata: Partial<ModelMetadata> | null | undefined,
  path: string,
): Pick<ModelMetadata, 'resize' | 'limits'> {
  try {
    const { resize, limits } = metadata ?? {};
    const config = parseDatasetConfig({ resize, limits }, path);
    const { quarantineBudget: _quarantineBudget, ...own } = config.limits;
    return { resize: config.resize, limits: own };
  } catch (error) {
    throw invalid(path, `of how its pictures were prepared ${messageOf(error)}`, error);
  }
}

function invalid(path: string, problem: string, cause?: unknown): AtelierError {
  return new AtelierError({
    code: 'MODEL_INVALID',
    action: 'use the model',
    path,
    problem,
    hint: 'Use a model that this program trained, or train it again.',
    cause,
  });
}
