import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { GATEWAY_PATHS } from '@pilothouse/wire';
import type { GatewayConnection } from './ask-gateway.ts';

/** Below this a compressed body saves nothing worth its header. */
const COMPRESS_BYTES_MIN = 2 * 1024;

type Compress = (body: Buffer) => Promise<Buffer>;

/** zstd where this runtime has it (Node 22.15 and later), gzip elsewhere. */
async function encode(body: Buffer): Promise<{ readonly encoding: string; readonly bytes: Buffer }> {
  if (body.length < COMPRESS_BYTES_MIN) return { encoding: 'identity', bytes: body };
  // Typed as always there; a runtime of version 20 lacks it.
  const zstd = zlib.zstdCompress as typeof zlib.zstdCompress | undefined;
  if (zstd !== undefined) return { encoding: 'zstd', bytes: await (promisify(zstd) as Compress)(body) };
  return { encoding: 'gzip', bytes: await (promisify(zlib.gzip) as Compress)(body) };
}

/** Sends a body under its digest; returns the server's status. */
export async function uploadBody(
  connection: GatewayConnection,
  upload: { readonly kind: 'facts' | 'outputs'; readonly digest: string; readonly body: Buffer },
): Promise<number> {
  const { encoding, bytes } = await encode(upload.body);
  const answer = await connection.ask({
    method: 'PUT',
    path: `${GATEWAY_PATHS[upload.kind]}/${upload.digest}`,
    headers: {
      'content-type': 'application/json',
      'content-encoding': encoding,
      'content-length': String(bytes.length),
    },
    body: bytes,
  });
  return answer.status;
}
