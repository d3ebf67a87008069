/**
 * Several machines over one database: who leads, and the keys that each of them needs. Knows no session and no request; how
 * those travel is the business of the fronts.
 */
export { openInstallationKeys } from './installation-keys.ts';
export { machinesMigrations } from './migrations.ts';
export { createPeerBook, type PeerBook } from './peer-book.ts';
export { takeTerm } from './take-term.ts';
