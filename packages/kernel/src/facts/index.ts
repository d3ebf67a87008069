/** What is known of hosts, now and in the past, each distinct body once. Collects nothing itself and judges nothing. */
export { createFacts, FACT_HISTORY_DEFAULT_MS, type FactsDeps, type FactsRoom } from './create-facts.ts';
export { type FactsEndpointDeps, factsEndpoints } from './endpoints.ts';
export { factsMigrations } from './migrations.ts';
export type { FactChange, FactsService } from './service.ts';
