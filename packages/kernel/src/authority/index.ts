/** Who said yes to a plan: approvals, operators' own signatures, mandates. Starts nothing and holds no private key. */
export type { AuthorityDeps } from './authority-parts.ts';
export { type AuthorityRoom, createAuthority } from './create-authority.ts';
export { authorityMigrations } from './migrations.ts';
export { nothingMissing } from './nothing-missing.ts';
export type { AuthorityAsker, AuthorityBook, AuthorityService, MissingAuthority } from './service.ts';
