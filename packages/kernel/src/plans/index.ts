/** Plans: what exactly is to happen on which hosts, immutable and named by digest. Decides and stores; runs nothing. */
export { createPlans, type KnownSteps, type PlansDeps, type PlansService } from './create-plans.ts';
export { asRequest, planEndpoints, readScope } from './endpoints.ts';
export type { LoadedPlan } from './loaded-plan.ts';
export { plansMigrations } from './migrations.ts';
export type { OfferedActions } from './offered-actions.ts';
export { packText, unpackText } from './packed-text.ts';
