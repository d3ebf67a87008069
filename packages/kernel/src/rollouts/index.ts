/** Rollouts: plans carried out safely, their results, and the emergency stop. The one way to change a host. */
export { createRollouts, type RolloutsDeps, type RolloutsRoom } from './create-rollouts.ts';
export { rolloutsMigrations } from './migrations.ts';
export type { PlanRequest, RolloutsService } from './service.ts';
