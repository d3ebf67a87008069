import { systemClock } from '@pilothouse/base';
import { commonErrors, defineRoute } from '@pilothouse/contract';
import { openTestStore } from '@pilothouse/store/test-store';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import { z } from 'zod';
import type { Principal } from '../access/service.ts';
import { type Log, silentLog } from '../log.ts';
import { createHttp } from './create-http.ts';
import { createIdempotency } from './idempotency.ts';
import { createMetrics } from './metrics.ts';
import { httpMigrations } from './migrations.ts';
import { catalogueOf } from './problem-answer.ts';
import { type Endpoint, endpoint } from './service.ts';
import { createIdempotencyStore } from './store.ts';

const summary = { en: 'test', zh: '测试' };
export const isPublic = { kind: 'public' } as const;
export const signedIn = { kind: 'signed-in' } as const;
export const base = { summary, errors: [], example: {} } as const;

const principal = (id: string): Principal => ({
  actor: { kind: 'user', id, name: id },
  has: (permission) => permission === 'things.read',
  scope: () => ({ isAll: true, isNone: false, includes: () => true }),
});

/** The HTTP server over a store of its own, where the bearer token is the name of who asks. */
export async function openTestHttp(endpoints: readonly Endpoint[], log: Log = silentLog) {
  const store = await openTestStore();
  await store.migrate([httpMigrations]);
  const clock = fakeClock();
  const ids = { now: () => clock.now(), fill: (target: Uint8Array) => target.fill(7) };
  const http = createHttp({
    clock: systemClock,
    log,
    authenticator: {
      nobody: principal('nobody'),
      authenticate: async ({ authorization }) =>
        authorization === undefined ? null : { principal: principal(authorization.slice(7)), by: 'token' },
    },
    catalogue: catalogueOf([commonErrors]),
    idempotency: createIdempotency({ clock, ids }, createIdempotencyStore(store)),
    metrics: createMetrics(),
    isAnswerChecked: true,
    endpoints,
    tls: null,
  });
  const close = async () => {
    await http.close();
    await store.close();
  };
  return { http, clock, store, close };
}

const echo = defineRoute({
  ...base,
  id: 'things.echo',
  method: 'POST',
  path: '/api/v1/things/{name}',
  access: signedIn,
  params: z.object({ name: z.string().max(5) }),
  query: z.object({ count: z.coerce.number().int().default(1) }),
  body: z.object({ items: z.array(z.object({ size: z.number() })) }),
  response: z.object({ name: z.string(), count: z.number(), calls: z.number(), etag: z.string() }),
});

export function countingEcho() {
  let calls = 0;
  return endpoint(echo, async ({ params, query }) => {
    calls += 1;
    return { name: params.name, count: query.count, calls, etag: 'v1' };
  });
}

export const asAda = { authorization: 'Bearer ada' };
export const good = { items: [{ size: 1 }] };
