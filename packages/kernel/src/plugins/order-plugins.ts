import { AppError } from '@pilothouse/contract';
import type { ServerPlugin } from './server-plugin.ts';

/** Providers before users, otherwise as given. AppError PLUGIN_CONFLICT, PLUGIN_NEEDS or PLUGIN_CYCLE. */
export function orderPlugins(plugins: readonly ServerPlugin[]): ServerPlugin[] {
  const providers = new Map<string, ServerPlugin>();
  for (const plugin of plugins) {
    const id = plugin.provides?.id;
    if (id === undefined) continue;
    const other = providers.get(id);
    if (other !== undefined) {
      const names = { first: other.spec.id, second: plugin.spec.id };
      throw new AppError('PLUGIN_CONFLICT', { what: 'service', name: id, ...names });
    }
    providers.set(id, plugin);
  }

  const ordered: ServerPlugin[] = [];
  const visit = (plugin: ServerPlugin, path: readonly ServerPlugin[]): void => {
    if (ordered.includes(plugin)) return;
    if (path.includes(plugin)) {
      const circle = [...path.slice(path.indexOf(plugin)), plugin].map((each) => each.spec.id);
      throw new AppError('PLUGIN_CYCLE', { plugins: circle.join(' → ') });
    }
    for (const ref of Object.values(plugin.uses)) {
      const provider = providers.get(ref.id);
      if (provider !== undefined) visit(provider, [...path, plugin]);
      else if (!ref.isOptional) {
        throw new AppError('PLUGIN_NEEDS', { plugin: plugin.spec.id, service: ref.id });
      }
    }
    ordered.push(plugin);
  };
  for (const plugin of plugins) visit(plugin, []);
  return ordered;
}
