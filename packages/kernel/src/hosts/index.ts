/** The registry of hosts and groups: who they are, what operators say of them, whether they are there. Changes no host. */
export { createHosts } from './create-hosts.ts';
export { type HostsEndpointDeps, hostsEndpoints } from './endpoints.ts';
export { findHost, requireEtag } from './find-host.ts';
export { groupEndpoints } from './group-endpoints.ts';
export { isWithin } from './group-tree.ts';
export { hostsMigrations } from './migrations.ts';
export type { HostEntry, HostsService } from './service.ts';
export { createTargetResolver } from './target-resolver.ts';
