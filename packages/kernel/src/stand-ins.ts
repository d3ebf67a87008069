import { AppError } from '@pilothouse/contract';
import type { FindingsService } from './findings/service.ts';
import type { RolloutsService } from './rollouts/service.ts';
import type { SelectService } from './select/service.ts';

/** Rooms that are not built yet, so that the others can be served. Each goes when its room comes. */
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
