import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { AtelierError, messageOf } from '@atelier/core/errors';
import { encodeJpeg } from '../codec.js';
import { refuseSize } from '../limits.js';
import { measureImage } from '../measure-image.js';
import { probeImage } from '../probe-image.js';
import { refuseImage } from '../refusal.js';
import { resizeImage } from '../resize-image.js';
import type { DecoderResults, DecoderTask, PreparedFile, ProbedFile, SourceFile } from './protocol.js';

/**
 * Does what a pool asks for, in this process.
 * @throws AtelierError INPUT_INVALID where the picture is at fault; INPUT_MISSING or INPUT_CHANGED where the file is not
 * what it was when its digest was taken; READ_FAILED where there is no such digest and the file cannot be read
 */
export async function performTask(task: DecoderTask): Promise<DecoderResults[DecoderTask['kind']]> {
  const { source, limits } = task;
  const bytes = await readSource(source, limits.maxFileBytes);
  if (task.kind === 'probe') {
    return { ...(await probeImage(bytes, limits)), sizeBytes: bytes.length } satisfies ProbedFile;
  }
  const image = await resizeImage(bytes, task);
  const jpeg = await encodeJpeg(image, task.resize.quality);
  return { jpeg, measures: measureImage(image) } satisfies PreparedFile;
}

/** Not to wait for whoever may write to a pipe one day. */
const AT_ONCE = constants.O_RDONLY | constants.O_NONBLOCK;

const GO_ON = 'Run "npx atelier preprocess" again: it takes in what changed.';

/** The bytes of a file, its size looked at before any of them is read. */
async function readSource({ path, sha256 }: SourceFile, maxFileBytes: number): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    const file = await open(path, AT_ONCE);
    try {
      const found = await file.stat();
      if (!found.isFile()) throw refuseImage('it is no regular file', 'Copy its content to a file.');
      if (found.size > maxFileBytes) throw refuseSize(found.size, maxFileBytes);
      bytes = await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof AtelierError) throw error;
    throw new AtelierError({
      code: sha256 === undefined ? 'READ_FAILED' : 'INPUT_MISSING',
      action: 'read',
      path,
      problem: messageOf(error),
      hint: sha256 === undefined ? 'Check the name of the file and that it may be read.' : GO_ON,
      cause: error,
    });
  }
  if (sha256 === undefined || createHash('sha256').update(bytes).digest('hex') === sha256) return bytes;
  throw new AtelierError({
    code: 'INPUT_CHANGED',
    action: 'use',
    path,
    problem: 'its content is no longer what was planned with',
    hint: GO_ON,
  });
}
