import {
  commonErrors,
  type ErrorDetails,
  type ErrorTable,
  enrolmentErrors,
  gatewayErrors,
  type Language,
  type Problem,
  renderMessage,
} from '@pilothouse/contract';
import type { ServerFrame } from '@pilothouse/wire';
import { catalogueOf, problemOf } from '../http/index.ts';

/** Turns codes into what agents are told. */
export interface Refusals {
  problem(error: unknown, language: Language, requestId: string): Problem;
  /** The last frame of a session: `come-back` when trying again may help, `refused` otherwise. */
  lastFrame(code: string, details?: ErrorDetails): ServerFrame;
}

/** Long enough that a cut fleet does not return as one; agents add jitter. */
const COME_BACK_MS = 1_000;

export function createRefusals(more: ErrorTable = {}): Refusals {
  const catalogue = catalogueOf([commonErrors, more, enrolmentErrors, gatewayErrors]);
  return {
    problem: (error, language, requestId) => problemOf(error, catalogue, { language, requestId }),
    lastFrame(code, details = {}) {
      const spec = catalogue.find(code) ?? commonErrors.INTERNAL;
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
