import { stopRoutes } from '@pilothouse/contract';
import { type Endpoint, endpoint } from '../http/service.ts';
import { createStop, liftStop, type StopDeps, viewStop } from './stop-acts.ts';

export function stopEndpoints(deps: StopDeps): Endpoint[] {
  return [
    endpoint(stopRoutes.create, ({ principal, requestId, body }) =>
      createStop(deps, { principal, requestId }, body),
    ),
    endpoint(stopRoutes.list, async () => ({ items: deps.stops.list().map(viewStop) })),
    endpoint(stopRoutes.clear, async ({ principal, requestId, params }) => {
      await liftStop(deps, { principal, requestId }, params.stopId);
      return undefined;
    }),
  ];
}
