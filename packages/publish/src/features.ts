/** The columns of Parquet and Arrow files, as Hugging Face's `datasets` declares features. */
export type Features = Readonly<Record<string, object>>;

/**
 * The features of a row: the picture in its encoded bytes, the class as an index with its name, the picture's
 * sourceId and which variant of it this is.
 */
export function rowFeatures(classes: readonly string[]): Features {
  return {
    image: { _type: 'Image' },
    label: { names: classes, _type: 'ClassLabel' },
    source_id: { dtype: 'string', _type: 'Value' },
    variant: { dtype: 'int32', _type: 'Value' },
  };
}

/** What a schema says under the key "huggingface", by which `datasets` knows its features again. */
export function featuresMetadata(features: Features): string {
  return JSON.stringify({ info: { features } });
}

/** The features as a dataset card lists them under `dataset_info`. */
export function cardFeatures(names: Readonly<Record<string, CardFeature>>, classes: readonly string[]) {
  return Object.entries(names).map(([name, feature]) => ({
    name,
    ...(feature === 'label'
      ? { dtype: { class_label: { names: Object.fromEntries(classes.map((text, i) => [String(i), text])) } } }
      : typeof feature === 'string'
        ? { dtype: feature }
        : { struct: Object.entries(feature).map(([field, dtype]) => ({ name: field, dtype })) }),
  }));
}

/** A plain dtype of `datasets`, a class, or a column with columns in it. */
export type CardFeature = 'image' | 'string' | 'int32' | 'int64' | 'label' | Readonly<Record<string, string>>;
