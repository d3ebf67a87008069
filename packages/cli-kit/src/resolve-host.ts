import type { Client } from '@pilothouse/client';
import { HostId, hostsRoutes } from '@pilothouse/contract';

/** The id of a host by id or name; the server refuses a name that several hosts share and lists their ids. */
export async function resolveHostId(client: Client, nameOrId: string): Promise<string> {
  if (HostId.safeParse(nameOrId).success) return nameOrId;
  return (await client.call(hostsRoutes.get, { params: { host: nameOrId } })).id;
}
