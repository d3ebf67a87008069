import { DAY_MS, HOUR_MS, MINUTE_MS, newId } from '@pilothouse/base';
import { AppError, notificationsFindings } from '@pilothouse/contract';
import type { AuditService } from '../audit/service.ts';
import type { KeyFiles } from '../enrolment/index.ts';
import type { EventsService } from '../events/service.ts';
import type { FindingsService } from '../findings/service.ts';
import type { Endpoint } from '../http/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { Reconciler } from '../plugins/index.ts';
import { createAddressGuard } from './address-guard.ts';
import { type ChannelBook, createChannelBook } from './channel-book.ts';
import { notificationsEndpoints } from './endpoints.ts';
import {
  countQueued,
  deleteEnded,
  insertDelivery,
  readChannels,
  readLastEnded,
} from './notifications-store.ts';
import type { OutgoingMessage, Target } from './outgoing.ts';
import { createPostman } from './postman.ts';
import { openSealBox } from './seal.ts';
import { sendEmail } from './send-email.ts';
import { sendWebhook } from './send-webhook.ts';
import type { Notification, NotificationsService } from './service.ts';

/** Messages that wait; beyond it they are given up at once, visibly, so that a dead receiver does not fill the disk. */
const QUEUED_MAX = 10_000;
const DELIVERED_KEPT_MS = 7 * DAY_MS;
const DEAD_KEPT_MS = 90 * DAY_MS;

export interface NotificationsDeps {
  readonly keyFiles: Pick<KeyFiles, 'find' | 'write'>;
  readonly events: Pick<EventsService, 'publish'>;
  readonly audit: Pick<AuditService, 'append'>;
  readonly findings: Pick<FindingsService, 'reconcile'>;
  /** Addresses and networks of this machine and its inside that channels may lead to; absent: none. */
  readonly notifyAllow?: readonly string[] | undefined;
  /** In [0, 1); absent: chance. */
  readonly random?: () => number;
}

export interface NotificationsRoom {
  readonly notifications: NotificationsService;
  readonly endpoints: readonly Endpoint[];
  readonly reconcilers: readonly Reconciler[];
  /** Resolves when nothing is due any more. */
  readonly idle: () => Promise<void>;
  readonly waitingCount: () => Promise<number>;
  readonly close: () => Promise<void>;
}

/** Opens the room: reads channels back and goes on with what was queued. */
export async function createNotifications(
  context: KernelContext,
  deps: NotificationsDeps,
): Promise<NotificationsRoom> {
  const guard = createAddressGuard(deps.notifyAllow ?? []);
  const book = createChannelBook(await openSealBox(deps.keyFiles), await readChannels(context.store));
  const sendTo = (target: Target, message: OutgoingMessage): Promise<void> =>
    target.kind === 'webhook'
      ? sendWebhook(target, message, { guard, now: context.clock.now() })
      : sendEmail(target, message, { guard });
  const postman = createPostman({
    context,
    random: deps.random ?? Math.random,
    async send(message) {
      const target = book.targetOf(message.channel);
      if (target === null) throw new AppError('NOT_FOUND', { what: 'channel', id: message.channel });
      await sendTo(target, message);
    },
  });
  postman.wake();
  return {
    notifications: {
      enqueue: async (transaction, notification) => {
        await insertDelivery(transaction, {
          ...firstState(context, book, notification, await countQueued(transaction)),
          message: { ...notification, id: newId('dv', context.ids), createdAt: context.clock.now() },
          attempts: 0,
        });
        transaction.afterCommit(postman.wake);
      },
      hasChannel: (name) => book.rows.has(name),
    },
    endpoints: notificationsEndpoints({ context, deps, book, guard, sendTo, wake: postman.wake }),
    reconcilers: [retention(context), undelivered(context, deps, book)],
    idle: postman.idle,
    waitingCount: () => countQueued(context.store),
    close: postman.close,
  };
}

/** A message that nobody can be told is kept as a failed one. */
function firstState(
  context: KernelContext,
  book: ChannelBook,
  { channel }: Notification,
  queuedCount: number,
) {
  const now = context.clock.now();
  const dead = { state: 'dead', nextAt: null, endedAt: now } as const;
  if (!book.rows.has(channel)) return { ...dead, error: `there is no channel ${channel}` };
  if (queuedCount >= QUEUED_MAX) return { ...dead, error: `more than ${QUEUED_MAX} messages wait` };
  return { state: 'queued', nextAt: now, endedAt: null, error: null } as const;
}

const retention = ({ store, clock }: KernelContext): Reconciler => ({
  name: 'notifications.retention',
  intervalMs: HOUR_MS,
  run: () =>
    store.transaction(async (transaction) => {
      await deleteEnded(transaction, 'delivered', clock.now() - DELIVERED_KEPT_MS);
      await deleteEnded(transaction, 'dead', clock.now() - DEAD_KEPT_MS);
    }),
});

/** Says which channels lost their last message; over with the next one that arrives. */
const undelivered = (
  context: KernelContext,
  { findings }: NotificationsDeps,
  book: ChannelBook,
): Reconciler => ({
  name: 'notifications.undelivered',
  intervalMs: MINUTE_MS,
  async run() {
    const now = [];
    for (const channel of book.rows.keys()) {
      const last = await readLastEnded(context.store, channel);
      if (last?.state === 'dead') now.push({ key: channel, evidence: { channel, error: last.error ?? '' } });
    }
    await findings.reconcile(notificationsFindings.undelivered.kind, null, now);
  },
});
