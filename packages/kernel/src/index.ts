/** The control plane: one room a concern. Knows no plugin. */
export type { OidcSettings } from './access/index.ts';
export type { HostScope, Principal } from './access/service.ts';
export {
  type AuditReport,
  type AuditService,
  type AuditStoreEvidence,
  type NewAuditRecord,
  verifyAuditStore,
} from './audit/index.ts';
export { createKernel, type Kernel } from './create-kernel.ts';
export type { EventsService, NewEvent } from './events/service.ts';
export { hostsByFact, shownHosts } from './facts/index.ts';
export type { FactChange, FactsService } from './facts/service.ts';
export type { FindingsService, RaisedFinding } from './findings/service.ts';
export type { PrometheusSettings } from './gates/index.ts';
export type { GatewayService, OutgoingFrame } from './gateway/service.ts';
export type { HostEntry, HostsService, TargetResolver } from './hosts/service.ts';
export { catalogueOf, problemOf } from './http/index.ts';
export { type Endpoint, endpoint, type HttpExchange, type HttpRequest } from './http/service.ts';
export type { KernelContext } from './kernel-context.ts';
export { kernelDeclarations } from './kernel-declarations.ts';
export { kernelMigrations } from './kernel-migrations.ts';
export type { Address, KernelOptions } from './kernel-options.ts';
export { type Log, silentLog } from './log.ts';
export { cutPage, heldText, readCursor } from './page-cursor.ts';
export {
  defineServerPlugin,
  type KernelServices,
  type Reconciler,
  type ServerPlugin,
  type StartedPlugin,
} from './plugins/server-plugin.ts';
export type { PlanRequest, RolloutsService } from './rollouts/service.ts';
export type { Selector, SelectService, Verdict } from './select/service.ts';
export { createLog, LOG_LEVELS, type LogLevel } from './write-log.ts';
