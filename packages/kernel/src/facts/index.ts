/** What is known of hosts, now and in the past, each distinct body once. Collects nothing itself and judges nothing. */
export { createCollectNow } from './collect-now.ts';
export { createFacts } from './create-facts.ts';
export { createWarmer } from './create-warmer.ts';
export { factsEndpoints } from './endpoints.ts';
export { hostsByFact, shownHosts } from './hosts-by-fact.ts';
export { factsMigrations } from './migrations.ts';
