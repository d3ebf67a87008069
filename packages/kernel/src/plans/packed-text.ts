import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** Texts here are at most a few MiB; level 3 packs 1 MiB in about 5 ms. */
const LEVEL = 3;

export const packText = (text: string): Uint8Array =>
  zstdCompressSync(Buffer.from(text), { params: { [constants.ZSTD_c_compressionLevel]: LEVEL } });

/** The text that `packText` was given. Throws when the bytes are damaged, or unpack to more than `bytesMax`. */
export const unpackText = (packed: Uint8Array, bytesMax: number): string =>
  zstdDecompressSync(packed, { maxOutputLength: bytesMax }).toString('utf8');
