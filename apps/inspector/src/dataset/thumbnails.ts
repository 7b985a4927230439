import { stat } from 'node:fs/promises';
import type { DatasetConfig } from '@atelier/core';
import { createDecoderPool, type ImageHeader } from '@atelier/image';
import { LRUCache } from 'lru-cache';

/** A picture file to be shown at a size that suits. */
export interface PictureFile {
  /** Absolute. */
  readonly path: string;
  /** What tells this file from its earlier versions. */
  readonly digest: string;
  /** As sharp names it: jpeg, png, … */
  readonly format: ImageHeader['format'];
  /** Pixels, upright. */
  readonly width: number;
  readonly height: number;
}

/** Small versions of pictures, kept in memory as far as there is room. */
export interface Thumbnails {
  /**
   * A picture as a JPEG, upright, no larger than a square of `side` pixels, its proportions kept, never enlarged.
   * @throws AtelierError as `DecoderPool.prepare`, where the file is gone or cannot be decoded
   */
  get(file: PictureFile, side: number): Promise<Uint8Array>;
  /** Ends the decoders that have nothing to do. */
  close(): void;
}

/** Some 10,000 thumbnails of 160 pixels. */
const MAX_BYTES = 64 * 1024 * 1024;
/** How long the decoders wait for more work: scrolling pauses now and then. */
const IDLE_MS = 30_000;

/**
 * Makes thumbnails when they are asked for; of several requests for one, the first makes it for all. Every file is
 * decoded in another process: a dataset may come from a stranger.
 */
export function createThumbnails(config: () => Promise<DatasetConfig>): Thumbnails {
  const pool = createDecoderPool({ idleMs: IDLE_MS });
  const made = new LRUCache<string, Uint8Array>({
    maxSize: MAX_BYTES,
    sizeCalculation: ({ length }) => length + 200,
  });
  const inWork = new Map<string, Promise<Uint8Array>>();
  const make = async (file: PictureFile, side: number): Promise<Uint8Array> => {
    const { limits, resize } = await config();
    const { path, format, width, height } = file;
    const { size: sizeBytes } = await stat(path);
    const scale = Math.min(1, side / Math.max(width, height));
    const { jpeg } = await pool.prepare(
      { path, size: { format, width, height, sizeBytes } },
      {
        limits,
        resize: {
          ...resize,
          width: Math.max(1, Math.round(width * scale)),
          height: Math.max(1, Math.round(height * scale)),
          fit: 'fill',
          kernel: 'linear',
          quality: 82,
        },
      },
    );
    return jpeg;
  };
  return {
    close: () => pool.rest(),
    async get(file, side) {
      const key = `${file.digest} ${side} ${file.path}`;
      const found = made.get(key) ?? (await inWork.get(key));
      if (found !== undefined) return found;
      const work = make(file, side);
      inWork.set(key, work);
      try {
        const jpeg = await work;
        made.set(key, jpeg);
        return jpeg;
      } finally {
        inWork.delete(key);
      }
    },
  };
}
