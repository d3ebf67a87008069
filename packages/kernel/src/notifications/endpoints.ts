import { compareText, newId } from '@pilothouse/base';
import {
  AppError,
  CHANNELS_MAX,
  type ChannelSettings,
  type Delivery,
  type JsonObject,
  notificationsRoutes,
  toTimestamp,
} from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import { requireEtag } from '../hosts/index.ts';
import { type Endpoint, endpoint, type HttpRequest } from '../http/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import { cutPage, heldText, readCursor } from '../page-cursor.ts';
import type { AddressGuard } from './address-guard.ts';
import { type ChannelBook, viewTarget } from './channel-book.ts';
import type { NotificationsDeps } from './create-notifications.ts';
import {
  type ChannelRow,
  type DeliveryRow,
  deleteChannel,
  listDeliveries,
  readDelivery,
  updateDelivery,
  writeChannel,
} from './notifications-store.ts';
import type { OutgoingMessage, Target } from './outgoing.ts';
import { problemOf } from './postman.ts';

export interface NotificationsEndpointsDeps {
  readonly context: KernelContext;
  readonly deps: Pick<NotificationsDeps, 'audit' | 'events'>;
  readonly book: ChannelBook;
  readonly guard: AddressGuard;
  readonly sendTo: (target: Target, message: OutgoingMessage) => Promise<void>;
  readonly wake: () => void;
}

export const notificationsEndpoints = (parts: NotificationsEndpointsDeps): Endpoint[] => [
  ...channelEndpoints(parts),
  ...deliveryEndpoints(parts),
];

function knownChannel({ book }: NotificationsEndpointsDeps, name: string): ChannelRow {
  const row = book.rows.get(name);
  if (row === undefined) throw new AppError('NOT_FOUND', { what: 'channel', id: name });
  return row;
}

type Named = HttpRequest<{ name: string }>;

async function edit(
  { context, deps }: NotificationsEndpointsDeps,
  { principal, requestId }: HttpRequest,
  said: { readonly action: string; readonly subject: string; readonly details: JsonObject },
  write: (transaction: Transaction) => Promise<void>,
): Promise<void> {
  await context.store.transaction(async (transaction) => {
    await write(transaction);
    await deps.audit.append(transaction, [{ ...said, actor: principal.actor, requestId }]);
    await deps.events.publish(transaction, [
      {
        type: `notifications.${said.action.replace('.', '-')}`,
        hostId: null,
        data: { subject: said.subject, ...said.details },
      },
    ]);
  });
}

function channelEndpoints(parts: NotificationsEndpointsDeps): Endpoint[] {
  const { book } = parts;
  return [
    endpoint(notificationsRoutes.list, async ({ query }) => {
      const after = readCursor(query.cursor, heldText) ?? '';
      const rest = [...book.rows.values()]
        .map(({ channel }) => channel)
        .filter(({ name }) => compareText(name, after) > 0)
        .sort((a, b) => compareText(a.name, b.name));
      return cutPage(rest, query.limit, ({ name }) => name);
    }),
    endpoint(notificationsRoutes.get, async ({ params }) => knownChannel(parts, params.name).channel),
    endpoint(notificationsRoutes.put, async (request) => {
      const { params, body } = request;
      parts.guard.check(body.kind === 'webhook' ? new URL(body.url).hostname : body.host);
      await putChannel(parts, request, body);
      return knownChannel(parts, params.name).channel;
    }),
    endpoint(notificationsRoutes.remove, async (request) => {
      const { name } = request.params;
      const said = { action: 'channel.removed', subject: name, details: {} };
      await edit(parts, request, said, async (transaction) => {
        const { etag } = knownChannel(parts, name).channel;
        requireEtag(request.ifMatch, etag, { what: 'channel', id: name });
        const gone = { at: parts.context.clock.now(), error: `channel ${name} was removed` };
        await deleteChannel(transaction, name, gone);
        transaction.afterCommit(() => book.drop(name));
      });
      return undefined;
    }),
    endpoint(notificationsRoutes.test, (request) => tryChannel(parts, request)),
  ];
}

async function putChannel(
  parts: NotificationsEndpointsDeps,
  request: Named,
  settings: ChannelSettings,
): Promise<void> {
  const { book, context } = parts;
  const { params, principal, ifMatch } = request;
  const target = book.completed(settings, params.name);
  const said = { action: 'channel.changed', subject: params.name, details: { kind: settings.kind } };
  await edit(parts, request, said, async (transaction) => {
    const before = book.rows.get(params.name)?.channel;
    if (before !== undefined && ifMatch === null) throw new AppError('CHANNEL_EXISTS', params);
    if (before === undefined && book.rows.size >= CHANNELS_MAX)
      throw new AppError('CHANNELS_TOO_MANY', { max: CHANNELS_MAX });
    requireEtag(ifMatch, before?.etag ?? '', { what: 'channel', id: params.name });
    const row: ChannelRow = {
      sealed: book.seal(target),
      channel: {
        name: params.name,
        ...viewTarget(target),
        changedBy: principal.actor.name,
        changedAt: toTimestamp(context.clock.now()),
        etag: String(Number(before?.etag ?? 0) + 1),
      },
    };
    await writeChannel(transaction, row);
    transaction.afterCommit(() => book.put(row));
  });
}

async function tryChannel(parts: NotificationsEndpointsDeps, request: Named) {
  const { context, book } = parts;
  const { name } = request.params;
  knownChannel(parts, name);
  const target = book.targetOf(name);
  if (target === null) throw new AppError('NOT_FOUND', { what: 'channel', id: name });
  const startedAt = context.clock.monotonic();
  let error: string | null = null;
  try {
    await parts.sendTo(target, {
      id: newId('dv', context.ids),
      channel: name,
      subject: 'Pilothouse: test message / 测试消息',
      text: `Sent by ${request.principal.actor.name} to try channel ${name}.`,
      data: { kind: 'test', by: request.principal.actor.name },
      createdAt: context.clock.now(),
    });
  } catch (cause) {
    // Whatever went wrong is the answer.
    error = problemOf(cause);
  }
  const said = { action: 'channel.tried', subject: name, details: { isDelivered: error === null, error } };
  await edit(parts, request, said, async () => {});
  return {
    isDelivered: error === null,
    error,
    durationMs: Math.round(context.clock.monotonic() - startedAt),
  };
}

function deliveryEndpoints(parts: NotificationsEndpointsDeps): Endpoint[] {
  const { context } = parts;
  return [
    endpoint(notificationsRoutes.deliveries, async ({ query }) => {
      const { channel, state, limit } = query;
      const before = readCursor(query.cursor, heldText);
      const rows = await listDeliveries(context.store, { channel, state, before, limit: limit + 1 });
      const page = cutPage(rows, limit, ({ message }) => message.id);
      return { ...page, items: page.items.map(viewDelivery) };
    }),
    endpoint(notificationsRoutes.retry, async (request) => {
      const { id } = request.params;
      const said = { action: 'delivery.retried', subject: id, details: {} };
      await edit(parts, request, said, async (transaction) => {
        const before = await readDelivery(transaction, id);
        if (before === null) throw new AppError('NOT_FOUND', { what: 'delivery', id });
        if (before.state !== 'dead') throw new AppError('DELIVERY_NOT_DEAD', { id, state: before.state });
        const nextAt = context.clock.now();
        await updateDelivery(transaction, { ...before, state: 'queued', attempts: 0, nextAt, endedAt: null });
        transaction.afterCommit(parts.wake);
      });
      const after = await readDelivery(context.store, id);
      if (after === null) throw new AppError('NOT_FOUND', { what: 'delivery', id });
      return viewDelivery(after);
    }),
  ];
}

const when = (ms: number | null): string | null => (ms === null ? null : toTimestamp(ms));

const viewDelivery = ({ message, state, attempts, nextAt, endedAt, error }: DeliveryRow): Delivery => ({
  id: message.id,
  channel: message.channel,
  subject: message.subject,
  state,
  attempts,
  createdAt: toTimestamp(message.createdAt),
  nextAt: when(nextAt),
  endedAt: when(endedAt),
  error,
});
