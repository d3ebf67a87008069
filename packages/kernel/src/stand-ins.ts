import { AppError } from '@pilothouse/contract';
import type { AuditService } from './audit/service.ts';
import type { EventsService } from './events/service.ts';
import type { FactsService } from './facts/service.ts';
import type { FindingsService } from './findings/service.ts';
import type { RolloutsService } from './rollouts/service.ts';
import type { SelectService } from './select/service.ts';

/** Rooms that are not built yet, so that the others can be served. Each goes when its room comes. */
export const noAudit: AuditService = {
  append: async () => undefined,
  list: async () => ({ items: [], nextCursor: null }),
};
export const noEvents: EventsService = {
  publish: async () => undefined,
  after: async () => [],
  latestCursor: async () => 0,
  subscribe: () => () => undefined,
};
export const noFacts: FactsService = {
  report: async () => [],
  putBody: async () => undefined,
  body: async () => null,
  bodyNow: () => null,
  warm: async () => undefined,
  current: async () => [],
  asOf: async () => [],
  history: async () => [],
  knownDigests: () => ({}),
  onChange: () => () => undefined,
};
export const noFindings: FindingsService = {
  raise: async () => undefined,
  reconcile: async () => undefined,
  get: async () => null,
  list: async () => ({ items: [], nextCursor: null }),
};
const missing = (): never => {
  throw new AppError('INTERNAL');
};
export const noSelect: SelectService = { compile: missing, compileScope: missing, run: missing };
export const noRollouts: RolloutsService = {
  plan: missing,
  start: missing,
  get: async () => null,
  tasksOf: async () => [],
  releaseHost: async () => undefined,
};
