import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { AppError, type Message } from '@pilothouse/contract';
import { type ErrorCatalogue, problemOf } from './problem-answer.ts';

const PROBLEMS: Readonly<Record<string, Message>> = {
  HPE_HEADER_OVERFLOW: { en: 'the headers are too large', zh: '请求头过大' },
  ERR_HTTP_REQUEST_TIMEOUT: { en: 'it took too long to arrive', zh: '请求传输超时' },
};
const OTHER: Message = { en: 'it is not HTTP', zh: '不符合 HTTP 协议' };

/**
 * Answers bytes that never became a request, in the words of every other refusal, and closes. There is no language to go by;
 * what is wrong with the bytes stays out of the answer, since nobody who can use it sends such.
 */
export function refuseBroken(
  error: Error & { readonly code?: string },
  socket: Socket,
  catalogue: ErrorCatalogue,
): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const refusal = new AppError('INVALID_REQUEST', {
    where: 'request',
    problem: PROBLEMS[error.code ?? ''] ?? OTHER,
  });
  const problem = problemOf(refusal, catalogue, { language: 'en', requestId: `r_${randomUUID()}` });
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} Bad Request`,
    'Connection: close',
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
