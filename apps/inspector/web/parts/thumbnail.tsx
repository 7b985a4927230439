import { useState } from 'react';
import { apiUrl } from './api.js';

/** A picture, small; a file that cannot be decoded shows as a mark. */
export function Thumbnail(props: {
  /** A sourceId, or for generated pictures a sampleId. */
  id: string;
  /** The digest it was listed with. */
  digest: string;
  stage?: string | undefined;
  /** Pixels of the longer side. */
  side?: 96 | 160 | 320;
  broken?: boolean;
  alt?: string;
}) {
  const { id, digest, stage, side = 160, broken = false, alt = '' } = props;
  const [failed, setFailed] = useState(false);
  if (broken || failed) {
    return (
      <span className="thumbnail is-broken" role="img" aria-label="cannot be shown">
        cannot be shown
      </span>
    );
  }
  const src = apiUrl('/api/thumbnail', { stage, id, side, v: digest });
  return (
    <img
      className="thumbnail"
      src={src}
      alt={alt}
      loading="lazy"
      decoding="async"
      onError={() => setFailed(true)}
    />
  );
}
