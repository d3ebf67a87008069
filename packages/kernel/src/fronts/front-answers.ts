import { randomUUID } from 'node:crypto';
import { AppError, commonErrors, frontsErrors, languageOf } from '@pilothouse/contract';
import { catalogueOf, type ErrorCatalogue, problemOf } from '../http/listener.ts';
import type { Log } from '../log.ts';
import type { Forwarded } from './forward-request.ts';
import { FRONT_LIMITS } from './limits.ts';

/** What a front says by itself, in the words and the form of every other answer. */
export interface FrontAnswers {
  readonly catalogue: ErrorCatalogue;
  readonly refuse: (forwarded: Forwarded, refusal: AppError) => void;
  /** The bytes that tell an agent, before its WebSocket is open, to come again. */
  readonly comeAgain: () => string;
}

export function createFrontAnswers(log: Log): FrontAnswers {
  const catalogue = catalogueOf([commonErrors, frontsErrors]);
  const seconds = FRONT_LIMITS.retryAfterSeconds;
  return {
    catalogue,
    refuse({ request, response }, refusal) {
      if (refusal.code === 'INTERNAL') log.error('could not pass a request on', { cause: refusal.cause });
      if (response.headersSent || response.destroyed) return void response.destroy();
      const language = languageOf(request.headers['accept-language']);
      const problem = problemOf(refusal, catalogue, { language, requestId: `r_${randomUUID()}` });
      response.writeHead(problem.status, {
        'content-type': 'application/problem+json',
        'cache-control': 'no-store',
        ...(problem.retry === 'later' ? { 'retry-after': String(seconds) } : {}),
      });
      response.end(JSON.stringify(problem));
    },
    comeAgain() {
      const refusal = new AppError('FRONT_LEADER_AWAY', { seconds });
      const body = JSON.stringify(problemOf(refusal, catalogue, { language: 'en', requestId: '' }));
      return (
        `HTTP/1.1 503 Refused\r\nConnection: close\r\nContent-Type: application/problem+json\r\n` +
        `Retry-After: ${seconds}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
      );
    },
  };
}
