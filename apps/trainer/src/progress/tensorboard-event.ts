/** A TensorFlow Event (tensorflow/core/util/event.proto), the part of it that scalars need. */
export interface TrainingEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step?: number;
  /** Of the file, in its first event. */
  readonly fileVersion?: string;
  readonly scalar?: { readonly tag: string; readonly value: number };
}

/** An event in protocol-buffer encoding. */
export function encodeEvent({ wallTime, step, fileVersion, scalar }: TrainingEvent): Buffer {
  const parts = [tag(1, FIXED64), fixed64(wallTime)];
  if (step !== undefined) parts.push(tag(2, VARINT), varint(step));
  if (fileVersion !== undefined) parts.push(field(3, Buffer.from(fileVersion, 'utf8')));
  if (scalar !== undefined) parts.push(field(5, encodeSummary(scalar)));
  return Buffer.concat(parts);
}

/** Summary { repeated Value value = 1; }, Value { string tag = 1; float simple_value = 2; } */
function encodeSummary({ tag: name, value }: { tag: string; value: number }): Buffer {
  const simple = Buffer.alloc(4);
  simple.writeFloatLE(value);
  return field(1, Buffer.concat([field(1, Buffer.from(name, 'utf8')), tag(2, FIXED32), simple]));
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

const tag = (number: number, wireType: number) => varint(number * 8 + wireType);

const field = (number: number, bytes: Buffer) =>
  Buffer.concat([tag(number, BYTES), varint(bytes.length), bytes]);

function fixed64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}

/**
 * A record of a TFRecord file: length, its checksum, the bytes, their checksum (tensorflow/core/lib/io/record_writer.h).
 */
export function encodeRecord(data: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, maskedChecksum(length), data, maskedChecksum(data)]);
}

/** CRC-32C, rotated and shifted so that checksums of checksums do no harm. */
function maskedChecksum(data: Uint8Array): Buffer {
  const crc = crc32c(data);
  const masked = ((((crc >>> 15) | (crc << 17)) >>> 0) + 0xa282ead8) >>> 0;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(masked);
  return bytes;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** CRC-32C (Castagnoli), as RFC 3720 defines it. */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 0xff] as number);
  return (crc ^ 0xffffffff) >>> 0;
}
