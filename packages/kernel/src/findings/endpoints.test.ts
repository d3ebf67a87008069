import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Finding, toTimestamp } from '@pilothouse/contract';
import type { HostScope, Principal } from '../access/service.ts';
import type { HostEntry } from '../hosts/index.ts';
import type { HttpRequest } from '../http/service.ts';
import { findingsEndpoints } from './endpoints.ts';
import type { FindingEdit, FindingsBook, FindingsFilter } from './service.ts';

const mine = 'h_00000000000000mine';
const other = 'h_0000000000000other';

const findingOn = (hostId: string | null): Finding => ({
  id: `fnd_${hostId ?? 'fleet'}`,
  kind: 'disk.full',
  hostId,
  key: '',
  severity: 'high',
  state: 'open',
  evidence: {},
  firstSeen: toTimestamp(0),
  lastSeen: toTimestamp(0),
  resolvedAt: null,
  acknowledgement: null,
  etag: '1',
});
const stored = [mine, other, null].map(findingOn);

const on = (...ids: string[]): HostScope => ({
  isAll: false,
  isNone: ids.length === 0,
  includes: (host) => ids.includes(host.id),
});

function open(scopes: Readonly<Record<string, HostScope>>) {
  const edits: FindingEdit[] = [];
  const filters: FindingsFilter[] = [];
  const acknowledge = async (edit: FindingEdit) => {
    edits.push(edit);
    return findingOn(mine);
  };
  const findings: FindingsBook = {
    specs: new Map(),
    raise: async () => {},
    reconcile: async () => {},
    resolveHost: async () => {},
    get: async (id) => stored.find((each) => each.id === id) ?? null,
    list: async (filter) => {
      filters.push(filter);
      return { items: [], nextCursor: null };
    },
    acknowledge,
    unacknowledge: acknowledge,
  };
  const principal: Principal = {
    actor: { kind: 'user', id: 'u1', name: 'ada' },
    has: () => true,
    scope: (permission) => scopes[permission] ?? on(),
  };
  // Only the ids of these entries are looked at.
  const index = new Map([mine, other].map((id) => [id, { id } as HostEntry]));
  const endpoints = findingsEndpoints({ findings, hosts: { index } });
  const call = (route: string, request: object) => {
    const found = endpoints.find((each) => each.route.id === route);
    assert.ok(found);
    // What the handlers of this room read of a request.
    return found.handle({ principal, requestId: 'r1', ifMatch: '1', ...request } as unknown as HttpRequest);
  };
  const at = (id: string) => ({ params: { id }, body: { reason: 'x', until: toTimestamp(1) } });
  return { call, at, edits, filters };
}

test('findings outside the reader’s hosts, and of no host, are absent', async () => {
  const { call, at, filters } = open({ 'findings.read': on(mine) });

  await call('findings.get', at(`fnd_${mine}`));
  await call('findings.list', { query: { limit: 10 } });

  await assert.rejects(call('findings.get', at(`fnd_${other}`)), { code: 'NOT_FOUND' });
  await assert.rejects(call('findings.get', at('fnd_fleet')), { code: 'NOT_FOUND' });
  await assert.rejects(call('findings.get', at('fnd_unheard')), { code: 'NOT_FOUND' });
  assert.deepEqual([...(filters[0]?.hostIds ?? [])], [mine]);
});

test('acknowledging needs its permission on the host, and what is not even visible stays absent', async () => {
  const { call, at, edits } = open({
    'findings.read': on(mine, other),
    'findings.acknowledge': on(mine),
  });
  const blind = open({ 'findings.acknowledge': on(mine) });

  await call('findings.acknowledge', at(`fnd_${mine}`));
  await call('findings.unacknowledge', at(`fnd_${mine}`));

  assert.deepEqual(
    edits.map(({ id, by, ifMatch }) => [id, by.name, ifMatch]),
    [
      [`fnd_${mine}`, 'ada', '1'],
      [`fnd_${mine}`, 'ada', '1'],
    ],
  );
  await assert.rejects(call('findings.acknowledge', at(`fnd_${other}`)), { code: 'FORBIDDEN' });
  await assert.rejects(call('findings.unacknowledge', at(`fnd_${other}`)), { code: 'FORBIDDEN' });
  await assert.rejects(blind.call('findings.acknowledge', at(`fnd_${mine}`)), { code: 'NOT_FOUND' });
});
