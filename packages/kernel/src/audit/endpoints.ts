import { auditRoutes } from '@pilothouse/contract';
import { type Endpoint, endpoint, type StreamItem } from '../http/service.ts';
import type { AuditTrail } from './service.ts';

export function auditEndpoints(audit: AuditTrail): Endpoint[] {
  return [
    endpoint(auditRoutes.list, ({ query }) => audit.list(query)),
    endpoint(auditRoutes.checkpoint, async () => audit.latestCheckpoint ?? (await audit.checkpointNow())),
    endpoint(auditRoutes.export, async ({ query }) => ({ stream: itemsOf(audit.export(query)) })),
  ];
}

async function* itemsOf(records: AsyncIterable<unknown>): AsyncGenerator<StreamItem> {
  for await (const data of records) yield { data };
}
