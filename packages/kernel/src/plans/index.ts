/** Plans: what exactly is to happen on which hosts, immutable and named by digest. Decides and stores; runs nothing. */

export type { StrategyJudges } from './check-strategy.ts';
export { createPlans, type PlansDeps, type PlansService, type RollbackMaker } from './create-plans.ts';
export type { KnownSteps } from './draft-from-steps.ts';
export type { RollbackRequest } from './draft-rollback.ts';
export { asRequest, planEndpoints, readScope } from './endpoints.ts';
export { fastProof, treeOverTexts } from './fast-tree.ts';
export type { LoadedPlan } from './loaded-plan.ts';
export { plansMigrations } from './migrations.ts';
export { lackText, type OfferedActions } from './offered-actions.ts';
export { packText, unpackText } from './packed-text.ts';
export { retryStrategy, type WishedStrategy } from './retry-strategy.ts';
export type { WavePlan } from './waves/plan-waves.ts';
