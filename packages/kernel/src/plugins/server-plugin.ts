import type { PluginSpec, ServiceRef } from '@pilothouse/contract';
import type { MigrationSet } from '@pilothouse/store';
import type { AuditService } from '../audit/service.ts';
import type { EventsService } from '../events/service.ts';
import type { FactsService } from '../facts/service.ts';
import type { FindingsService } from '../findings/service.ts';
import type { HostsService } from '../hosts/service.ts';
import type { Endpoint } from '../http/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { RolloutsService } from '../rollouts/service.ts';
import type { SelectService } from '../select/service.ts';

/** What the kernel offers to plugins. */
export interface KernelServices {
  readonly hosts: HostsService;
  readonly facts: FactsService;
  readonly select: SelectService;
  readonly findings: FindingsService;
  readonly rollouts: RolloutsService;
  readonly audit: AuditService;
  readonly events: EventsService;
}

type Refs = Readonly<Record<string, ServiceRef<unknown>>>;
type Resolved<Uses extends Refs> = {
  readonly [K in keyof Uses]: Uses[K] extends ServiceRef<infer S> ? S : never;
};

/** Work that must stay true: takes no input, is idempotent, runs by signal and by time. */
export interface Reconciler {
  readonly name: string;
  readonly intervalMs: number;
  run(): Promise<void>;
}

/** What a started plugin adds to the server. `service` is what siblings get through its ref. */
export interface StartedPlugin {
  readonly endpoints: readonly Endpoint[];
  readonly reconcilers: readonly Reconciler[];
  readonly service?: unknown;
  close?(): Promise<void>;
}

/** The server room of a plugin. */
export interface ServerPlugin<Uses extends Refs = Refs> {
  readonly spec: PluginSpec;
  /** Typed refs to sibling plugins' services; a missing one that is not optional stops the server at start. */
  readonly uses: Uses;
  readonly provides?: ServiceRef<unknown>;
  readonly migrations: MigrationSet | null;
  start(
    context: KernelContext & { readonly kernel: KernelServices; readonly uses: Resolved<Uses> },
  ): Promise<StartedPlugin>;
}

export const defineServerPlugin = <Uses extends Refs>(plugin: ServerPlugin<Uses>): ServerPlugin<Uses> =>
  plugin;
