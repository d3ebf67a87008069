/** Who said yes to a plan: approvals, operators' own signatures, mandates. Starts nothing and holds no private key. */
export { nothingMissing } from './nothing-missing.ts';
export type { AuthorityService, MissingAuthority } from './service.ts';
