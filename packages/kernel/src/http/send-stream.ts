import { Readable } from 'node:stream';
import type { Route } from '@pilothouse/contract';
import type { FastifyReply } from 'fastify';
import type { HttpDependencies } from './create-http.ts';
import type { StreamAnswer } from './service.ts';
import { encodeStream } from './stream-answer.ts';

interface StreamTarget {
  readonly reply: FastifyReply;
  readonly http: HttpDependencies;
  readonly signal: AbortSignal;
}

/**
 * Streams an answer. The first piece is made before the headers go out, so that a refusal at the start is still a
 * problem answer; after that an error can only end the connection, which tells the client that the stream is cut.
 */
export async function sendStream(
  route: Route,
  answer: StreamAnswer,
  target: StreamTarget,
): Promise<FastifyReply> {
  const type = route.stream ?? 'text/plain';
  const pieces = encodeStream(type, answer, target.http.clock)[Symbol.asyncIterator]();
  const first = await pieces.next();
  const body = Readable.from(rest(first, pieces), { objectMode: false });
  body.on('error', (error) => {
    if (!target.signal.aborted) {
      target.http.log.error('stream broke', { route: route.id, requestId: target.reply.request.id, error });
    }
  });
  target.signal.addEventListener('abort', () => body.destroy(), { once: true });
  if (!target.reply.hasHeader('content-type')) {
    const charset = type === 'application/x-ndjson' ? '' : '; charset=utf-8';
    void target.reply.header('content-type', `${type}${charset}`);
  }
  // Proxies such as nginx would otherwise hold events back until a buffer is full.
  if (type === 'text/event-stream') void target.reply.header('x-accel-buffering', 'no');
  return target.reply.send(body);
}

type Piece = string | Uint8Array;

async function* rest(first: IteratorResult<Piece>, pieces: AsyncIterator<Piece>): AsyncGenerator<Uint8Array> {
  try {
    for (let next = first; next.done !== true; next = await pieces.next())
      yield typeof next.value === 'string' ? Buffer.from(next.value) : next.value;
  } finally {
    await pieces.return?.();
  }
}
