/** What is wrong, how long, and who knows of it. Detects nothing itself and remedies nothing. */
export { createFindings, type FindingsDeps, type FindingsRoom } from './create-findings.ts';
export { type FindingsEndpointsDeps, findingsEndpoints } from './endpoints.ts';
export { findingsMigrations } from './migrations.ts';
export type { FindingEdit, FindingsBook, FindingsFilter, FindingsService, RaisedFinding } from './service.ts';
