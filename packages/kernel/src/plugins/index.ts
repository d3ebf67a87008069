/** Takes plugins in: checks that they fit together, starts them, keeps their reconcilers running. Knows none by name. */
export { collectDeclarations, type Declarations, type KernelDeclarations } from './collect-declarations.ts';
export { orderPlugins } from './order-plugins.ts';
export { type RunningReconcilers, runReconcilers } from './run-reconcilers.ts';
export type { KernelServices, Reconciler, ServerPlugin, StartedPlugin } from './server-plugin.ts';
export { type StartedPlugins, startPlugins } from './start-plugins.ts';
