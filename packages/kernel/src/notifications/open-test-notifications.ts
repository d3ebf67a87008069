import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { notificationsRoutes, type Route } from '@pilothouse/contract';
import type { z } from 'zod';
import { createPrincipal } from '../access/principal.ts';
import type { NewAuditRecord } from '../audit/service.ts';
import { openTestContext, recordingEvents } from '../open-test-context.ts';
import { createNotifications, type NotificationsRoom } from './create-notifications.ts';
import { notificationsMigrations } from './migrations.ts';

/** For tests: the room over a real store, with a clock that obeys and audits and findings kept. */
export async function openTestNotifications(
  t: TestContext,
  options: { path?: string; notifyAllow?: string[] } = {},
) {
  const context = await openTestContext([notificationsMigrations], options.path);
  const files = new Map<string, string>();
  const audits: NewAuditRecord[] = [];
  const findings: unknown[][] = [];
  const deps = {
    keyFiles: {
      find: async (name: string) => files.get(name) ?? null,
      write: async (name: string, text: string) => void files.set(name, text),
    },
    events: recordingEvents([]),
    audit: { append: async (_: unknown, records: readonly NewAuditRecord[]) => void audits.push(...records) },
    findings: {
      reconcile: async (_kind: string, _host: string | null, now: readonly unknown[]) =>
        void findings.push([...now]),
    },
    notifyAllow: options.notifyAllow ?? ['127.0.0.1'],
    random: () => 0.5,
  };
  const rooms: NotificationsRoom[] = [];
  const open = async () => {
    const room = await createNotifications(context, deps);
    rooms.push(room);
    return room;
  };
  t.after(async () => {
    for (const room of rooms) await room.close();
    await context.store.close();
  });
  const room = await open();
  return { context, room, audits, findings, open, files };
}

export type TestNotifications = Awaited<ReturnType<typeof openTestNotifications>>;

const ADA = createPrincipal({ kind: 'user', id: 'u_1', name: 'ada' }, []);

type BodyOf<R extends Route> = z.output<NonNullable<R['response']>>;

/** Calls a handler as the http room does: the request is parsed by the route, and so is the answer. */
export async function call<R extends Route>(
  room: Pick<NotificationsRoom, 'endpoints'>,
  route: R,
  given: { params?: unknown; body?: unknown; query?: unknown; ifMatch?: string } = {},
): Promise<BodyOf<R>> {
  const endpoint = room.endpoints.find((each) => each.route === route);
  assert.ok(endpoint !== undefined);
  const answer = await endpoint.handle({
    principal: ADA,
    params: given.params,
    body: route.body?.parse(given.body),
    query: route.query?.parse(given.query ?? {}),
    requestId: 'q',
    ifMatch: given.ifMatch ?? null,
    // The other fields of a request are not read by this room.
  } as unknown as Parameters<typeof endpoint.handle>[0]); // Handlers of this room read no more.
  // What the route's own schema gives is what the route says.
  return route.response?.parse(answer) as BodyOf<R>;
}

export const putChannel = (room: NotificationsRoom, body: unknown, ifMatch?: string) =>
  call(room, notificationsRoutes.put, {
    params: { name: 'on-call' },
    body,
    ...(ifMatch === undefined ? {} : { ifMatch }),
  });

export const tell = ({ context, room }: TestNotifications, channel = 'on-call') =>
  context.store.transaction((transaction) =>
    room.notifications.enqueue(transaction, {
      channel,
      subject: 'rollout r_1 halted',
      text: 'two hosts failed',
      data: { rolloutId: 'r_1' },
    }),
  );

export const deliveries = async (room: NotificationsRoom) =>
  (await call(room, notificationsRoutes.deliveries)).items;
