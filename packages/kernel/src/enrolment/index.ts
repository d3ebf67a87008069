/** Identity of hosts: authority, tokens, certificates, trust. Knows sessions only as somebody who asks who a peer is. */
export { createEnrolment, type Enrolment } from './create-enrolment.ts';
export { enrolmentEndpoints } from './endpoints.ts';
export type { EnrolmentDeps } from './enrolment-deps.ts';
export { issuePeerCertificate, PEER_CERTIFICATE_LIFE_MS } from './issue-certificate.ts';
export { type KeyFiles, openKeyFiles } from './key-files.ts';
export { enrolmentMigrations } from './migrations.ts';
export type { EnrolmentService, PeerIdentity, ServerCertificate, Signer } from './service.ts';
export { createToken } from './tokens.ts';
export { openTrust, type Trust } from './trust.ts';
