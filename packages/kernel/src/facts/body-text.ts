import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { bytes } from '@pilothouse/base';
import { FACT_BODY_BYTES_MAX } from '@pilothouse/contract';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** A compressor takes a millisecond and megabytes to set up, which small bodies do not earn back. */
const COMPRESSED_FROM_BYTES = bytes.kib(4);
/** Base64 of zstd; JSON as it is begins otherwise. */
const COMPRESSED = 'zstd:';

/** The stored form of a body: text, so that every engine keeps it alike; base64 costs a third more of little. */
export async function packBody(body: Uint8Array): Promise<string> {
  if (body.byteLength < COMPRESSED_FROM_BYTES) return Buffer.from(body).toString('utf8');
  return COMPRESSED + (await compress(body)).toString('base64');
}

export async function unpackBody(text: string): Promise<string> {
  if (!text.startsWith(COMPRESSED)) return text;
  const packed = Buffer.from(text.slice(COMPRESSED.length), 'base64');
  const body = await decompress(packed, { maxOutputLength: FACT_BODY_BYTES_MAX });
  return body.toString('utf8');
}
