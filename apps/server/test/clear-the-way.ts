/**
 * Takes away what keeps changes from their hosts: requests of a fuzzer put up an emergency stop, a freeze and rules of approval
 * within its first hundred, and quarantine its hosts; from then on nothing would run.
 */
import { approvalRoutes, freezesRoutes, hostsRoutes, stopRoutes, windowsRoutes } from '@pilothouse/contract';
import { z } from 'zod';
import type { FuzzedServer, FuzzRequest } from './fuzzed-server.ts';

const Named = z.object({ items: z.array(z.object({ name: z.string(), etag: z.string() })) });
const Stops = z.object({ items: z.array(z.object({ id: z.string() })) });
const Rules = z.object({ etag: z.string() });

export interface ClearedWay {
  /** Headers of somebody who may do all of it. */
  readonly administrator: Readonly<Record<string, string>>;
  readonly hostIds: readonly string[];
}

export async function clearTheWay(
  server: Pick<FuzzedServer, 'ask'>,
  { administrator, hostIds }: ClearedWay,
): Promise<void> {
  const ask = async (request: FuzzRequest): Promise<unknown> => {
    const { body } = await server.ask({ ...request, headers: { ...administrator, ...request.headers } });
    let text = '';
    for await (const piece of body) text += String(piece);
    return text === '' ? null : JSON.parse(text);
  };
  const remove = (path: string, etag: string): Promise<unknown> =>
    ask({ method: 'DELETE', url: path, headers: { 'if-match': `"${etag}"` } });
  for (const { id } of Stops.parse(await ask({ url: stopRoutes.list.path })).items)
    await remove(stopRoutes.clear.path.replace('{stopId}', id), '');
  for (const { list, remove: route } of [freezesRoutes, windowsRoutes])
    for (const { name, etag } of Named.parse(await ask({ url: list.path })).items)
      await remove(route.path.replace('{name}', encodeURIComponent(name)), etag);
  for (const hostId of hostIds)
    for (const route of [hostsRoutes.release, hostsRoutes.endMaintenance])
      await ask({ method: 'DELETE', url: route.path.replace('{host}', hostId) });
  const { etag } = Rules.parse(await ask({ url: approvalRoutes.rules.path }));
  await ask({
    method: 'PUT',
    url: approvalRoutes.setRules.path,
    headers: { 'if-match': `"${etag}"` },
    payload: { read: 0, reversible: 0, disruptive: 0, destructive: 0, arbitrary: 0 },
  });
}
