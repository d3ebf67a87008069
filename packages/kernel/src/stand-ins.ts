import { AppError } from '@pilothouse/contract';
import type { RolloutsService } from './rollouts/service.ts';

const missing = (): never => {
  throw new AppError('INTERNAL');
};

/** Stands for the room that is not built yet, so that the others can be served. */
export const noRollouts: RolloutsService = {
  plan: missing,
  start: missing,
  get: async () => null,
  tasksOf: async () => [],
  releaseHost: async () => undefined,
};
