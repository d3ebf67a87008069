/** What people answer for, in a chain that shows tampering. Not for telling rooms what happened: that is events. */
export { type AuditDeps, type AuditRoom, createAudit } from './create-audit.ts';
export { auditEndpoints } from './endpoints.ts';
export { auditMigrations } from './migrations.ts';
export type { AuditService, AuditTrail, NewAuditRecord } from './service.ts';
export { type AuditStoreEvidence, verifyAuditStore } from './verify-audit-store.ts';
export type { AuditReport } from './verify-chain.ts';
