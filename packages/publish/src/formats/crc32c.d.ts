/** CRC-32C (Castagnoli), which the types of the package leave out. */
declare module 'crc-32/crc32c.js' {
  const crc32c: {
    /** The checksum of bytes, as a signed 32-bit integer. */
    buf(bytes: Uint8Array, seed?: number): number;
  };
  export default crc32c;
}
