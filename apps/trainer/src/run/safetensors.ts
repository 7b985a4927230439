import { readFile } from 'node:fs/promises';
import { createAtomicFile } from '@atelier/artifacts';
import { AtelierError, messageOf } from '@atelier/core';
import type { NamedTensor } from '../engine/train-engine.js';

/** Tensors and the strings kept with them. */
export interface TensorFile {
  readonly tensors: readonly NamedTensor[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** One entry of the header. */
interface TensorEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/**
 * Writes float32 tensors in the safetensors format (8 bytes header length, a JSON header, the values little-endian):
 * one file that appears whole or not at all, and that Python's safetensors reads.
 */
export async function writeSafetensors(path: string, { tensors, metadata }: TensorFile): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const { name, shape, values } of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] };
    offset += values.byteLength;
  }
  const json = Buffer.from(JSON.stringify(header), 'utf8');
  // spaces up to a multiple of eight, so that the values are aligned
  const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ');
  json.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const file = await createAtomicFile(path);
  await file.write(length);
  await file.write(padded);
  for (const { values } of tensors) {
    await file.write(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  await file.commit();
}

/**
 * Reads what {@link writeSafetensors} wrote.
 * @throws AtelierError ARTIFACT_DAMAGED where the file is cut or not of this format
 */
export async function readSafetensors(path: string): Promise<TensorFile> {
  const bytes = await readFile(path);
  const headerLength = bytes.length >= 8 ? Number(bytes.readBigUInt64LE(0)) : Infinity;
  if (8 + headerLength > bytes.length)
    throw damaged(path, `it ends within its header (${bytes.length} bytes)`);
  let header: { __metadata__?: Record<string, string> } & Record<string, unknown>;
  try {
    header = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength)) as typeof header;
  } catch (error) {
    throw damaged(path, `its header is not JSON (${messageOf(error)})`);
  }
  const { __metadata__: metadata = {}, ...entries } = header;
  const start = bytes.byteOffset + 8 + headerLength;
  const tensors = Object.entries(entries as Record<string, TensorEntry>).map(([name, entry]) => {
    const [from, to] = entry.data_offsets;
    const elements = entry.shape.reduce((product, side) => product * side, 1);
    if (entry.dtype !== 'F32' || to - from !== elements * 4 || 8 + headerLength + to > bytes.length) {
      throw damaged(path, `"${name}" is cut or not float32`);
    }
    return {
      name,
      shape: entry.shape,
      values: new Float32Array(bytes.buffer.slice(start + from, start + to)),
    };
  });
  return { tensors, metadata };
}

function damaged(path: string, problem: string): AtelierError {
  return new AtelierError({
    code: 'ARTIFACT_DAMAGED',
    action: 'read the checkpoint',
    path,
    problem,
    hint: 'Start a new run: this one cannot be resumed.',
  });
}
