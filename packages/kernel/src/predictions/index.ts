/** How true dry runs are: holds each run to the dry run before it and keeps the count by action. Runs nothing. */
export { type ActionComparison, comparePrediction, type EndedTask } from './compare-prediction.ts';
export { createPredictions, type PredictionsRoom } from './create-predictions.ts';
export { predictionsMigrations } from './migrations.ts';
export type { DryRunPair, PlanActions, PredictionsService, RolloutOutcomes } from './service.ts';
