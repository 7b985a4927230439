/** The formats that a trained model can be written in, by the names that `--format` takes. */
export const EXPORT_FORMAT_NAMES = [
  'tfjs',
  'tfjs-float16',
  'tfjs-graph',
  'savedmodel',
  'onnx',
  'keras',
] as const;

/** The name of a format. */
export type ExportFormatName = (typeof EXPORT_FORMAT_NAMES)[number];
