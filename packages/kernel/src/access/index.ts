/** People and programs: accounts, sessions, API tokens, roles, single sign-on. Decides who may; never what happens to a host. */
export { type Access, createAccess } from './create-access.ts';
export { accessMigrations } from './migrations.ts';
export type { OidcSettings } from './oidc.ts';
