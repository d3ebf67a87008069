import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { FACT_BODY_BYTES_MAX } from '@pilothouse/contract';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** The stored form of a body. */
export async function packBody(body: Uint8Array): Promise<string> {
  return (await compress(body)).toString('base64');
}

export async function unpackBody(text: string): Promise<string> {
  const body = await decompress(Buffer.from(text, 'base64'), { maxOutputLength: FACT_BODY_BYTES_MAX });
  return body.toString('utf8');
}
