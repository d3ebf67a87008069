import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, zstdDecompress } from 'node:zlib';
import { AppError } from '@pilothouse/contract';

const decoders = { gzip: promisify(gunzip), zstd: promisify(zstdDecompress) } as const;

/** All of a body, or AppError BODY_TOO_LARGE as soon as it is certain; never holds more than the limit. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) {
    throw new AppError('BODY_TOO_LARGE', { limitBytes });
  }
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes) throw new AppError('BODY_TOO_LARGE', { limitBytes });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, sizeBytes);
}

/** Undoes `content-encoding`. The decoder stops at the limit, so a small bomb never becomes a large buffer. */
export async function decodeBody(body: Buffer, encoding: string, limitBytes: number): Promise<Buffer> {
  if (encoding === 'identity') return body;
  if (encoding !== 'gzip' && encoding !== 'zstd') {
    throw new AppError('GATEWAY_BODY_ENCODING', { encoding: encoding.slice(0, 40) });
  }
  try {
    return await decoders[encoding](body, { maxOutputLength: limitBytes });
  } catch (cause) {
    const isTooLarge =
      cause instanceof RangeError && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE';
    if (isTooLarge) throw new AppError('BODY_TOO_LARGE', { limitBytes });
    throw new AppError('GATEWAY_BODY_CORRUPT', { encoding }, { cause });
  }
}

/** The decoded body, whose SHA-256 is `digest`. */
export async function readDigested(
  request: IncomingMessage,
  digest: string,
  limitBytes: number,
): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  const body = await decodeBody(await readBody(request, limitBytes), encoding, limitBytes);
  if (createHash('sha256').update(body).digest('hex') !== digest) {
    throw new AppError('GATEWAY_DIGEST_MISMATCH', { digest });
  }
  return body;
}
