import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** Texts here are at most a few MiB; level 3 packs 1 MiB in about 5 ms. */
const LEVEL = 3;
/** Below this the frame around packed bytes costs as much as packing saves, and to open the packer far more than either. */
const PACKED_FROM_BYTES = 256;
/** With what every zstd frame begins; no text in UTF-8 does. */
const FRAME_MAGIC = Buffer.of(0x28, 0xb5, 0x2f, 0xfd);

/** Short texts stay as they are. */
export function packText(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  return bytes.length < PACKED_FROM_BYTES
    ? bytes
    : zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: LEVEL } });
}

/** The text that `packText` was given. Throws when the bytes are damaged, or unpack to more than `bytesMax`. */
export function unpackText(packed: Uint8Array, bytesMax: number): string {
  const isFrame = FRAME_MAGIC.every((byte, at) => packed[at] === byte);
  if (isFrame) return zstdDecompressSync(packed, { maxOutputLength: bytesMax }).toString('utf8');
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(packed);
}
