import {
  AppError,
  commonErrors,
  type ErrorDetails,
  type ErrorSpec,
  type ErrorTable,
  enrolmentErrors,
  gatewayErrors,
  isAppError,
  type Language,
  type Problem,
  renderMessage,
} from '@pilothouse/contract';
import type { ServerFrame } from '@pilothouse/wire';

/** Turns codes into what agents are told. */
export interface Refusals {
  problem(error: unknown, language: Language, requestId: string): Problem;
  /** The last frame of a session: `come-back` when trying again may help, `refused` otherwise. */
  lastFrame(code: string, details?: ErrorDetails): ServerFrame;
}

/** Long enough that a cut fleet does not return as one; agents add jitter. */
const COME_BACK_MS = 1_000;

export function createRefusals(more: ErrorTable = {}): Refusals {
  const table: ErrorTable = { ...commonErrors, ...more, ...enrolmentErrors, ...gatewayErrors };
  const specOf = (code: string): ErrorSpec => table[code] ?? commonErrors.INTERNAL;

  return {
    problem(error, language, requestId) {
      const known = isAppError(error) && table[error.code] !== undefined;
      const { code, details } = known ? error : new AppError('INTERNAL');
      const spec = specOf(code);
      const texts = { requestId, ...details };
      return {
        type: `urn:pilothouse:problem:${code}`,
        title: renderMessage(spec.title, language, texts),
        status: spec.status,
        code,
        hint: renderMessage(spec.hint, language, texts),
        retry: spec.retry,
        requestId,
        details: { ...details },
      };
    },
    lastFrame(code, details = {}) {
      const spec = specOf(code);
      if (spec.retry === 'later') return { kind: 'come-back', afterMs: COME_BACK_MS };
      return {
        kind: 'refused',
        code,
        title: renderMessage(spec.title, 'en', details),
        hint: renderMessage(spec.hint, 'en', details),
      };
    },
  };
}
