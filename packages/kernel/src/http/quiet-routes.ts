import type { FastifyRequest } from 'fastify';

/** Asked every few seconds by machines; a line or a span each would bury the rest. */
export const QUIET_ROUTES: ReadonlySet<string> = new Set(['system.health', 'system.ready', 'system.metrics']);

/** The route's id in the API's description; `none` where no route fits. */
export function routeIdOf(request: Pick<FastifyRequest, 'routeOptions'>): string {
  const config: unknown = request.routeOptions.config;
  if (typeof config === 'object' && config !== null && 'routeId' in config) return String(config.routeId);
  return 'none';
}
