import { AppError } from '@pilothouse/contract';
import type { Endpoint } from '../http/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { KernelServices, Reconciler, ServerPlugin, StartedPlugin } from './server-plugin.ts';

export interface StartedPlugins {
  readonly endpoints: readonly Endpoint[];
  readonly reconcilers: readonly Reconciler[];
  /** In the reverse order of their start. */
  close(): Promise<void>;
}

/** Starts plugins that are in order and whose tables are there. When one fails, those before it are closed again. */
export async function startPlugins(
  context: KernelContext,
  kernel: KernelServices,
  ordered: readonly ServerPlugin[],
): Promise<StartedPlugins> {
  const started: StartedPlugin[] = [];
  const services = new Map<string, unknown>();
  const close = async (): Promise<void> => {
    for (const plugin of started.toReversed()) await plugin.close?.();
  };
  try {
    for (const plugin of ordered) {
      const uses = Object.fromEntries(
        Object.entries(plugin.uses).map(([name, ref]) => [name, services.get(ref.id) ?? null]),
      );
      const running = await plugin.start({ ...context, kernel, uses });
      started.push(running);
      requireDeclared(plugin, running);
      if (plugin.provides !== undefined) services.set(plugin.provides.id, running.service);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    endpoints: started.flatMap((plugin) => plugin.endpoints),
    reconcilers: started.flatMap((plugin) => plugin.reconcilers),
    close,
  };
}

/** Routes that the spec does not show would be missing from client, OpenAPI and access test alike. */
function requireDeclared(plugin: ServerPlugin, running: StartedPlugin): void {
  for (const { route } of running.endpoints) {
    if (!plugin.spec.routes.some((declared) => declared.id === route.id)) {
      throw new AppError('PLUGIN_ROUTE_UNKNOWN', { plugin: plugin.spec.id, route: route.id });
    }
  }
}
