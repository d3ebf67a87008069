import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Freeze } from '@pilothouse/contract';
import type { FactsService } from '../facts/service.ts';
import type { HostEntry } from '../hosts/service.ts';
import { entryOf } from '../rollouts/open-test-rollouts.ts';
import type { SelectService } from '../select/service.ts';
import { createRuleBook } from './rule-book.ts';

const freeze: Freeze = {
  name: 'old-kernels',
  selector: 'kernel.release == "5.10"',
  span: { from: '2026-01-01T00:00:00.000Z', to: '2026-02-01T00:00:00.000Z' },
  reason: '',
  changedBy: 'ada',
  changedAt: '2026-01-01T00:00:00.000Z',
  etag: '1',
};

test('bodies that have left the memory are fetched once at a time, and a store that is away ends nothing', async () => {
  const hosts = [1, 2, 3].map(
    (n): HostEntry => ({
      ...entryOf(`h_00000000000000000${n}`, `web-${n}`),
      facts: new Map([['kernel', { digest: 'a'.repeat(64), seenAt: 0 }]]),
    }),
  );
  const asked: PromiseWithResolvers<void>[] = [];
  const facts: Pick<FactsService, 'warm' | 'has' | 'bodyNow'> = {
    warm() {
      const answer = Promise.withResolvers<void>();
      asked.push(answer);
      return answer.promise;
    },
    has: () => true,
    bodyNow: () => null,
  };
  const selector = { facts: ['kernel'], groupRefs: [], evaluate: () => 'unknown' };
  // Of the selector only what is asked of it here.
  const select = { compile: () => selector } as unknown as Pick<SelectService, 'compile' | 'run'>;
  const rules = createRuleBook({ select, facts });
  rules.put({ kind: 'freeze', record: freeze });

  for (const host of hosts) assert.equal(rules.calendarOf(host, []).freezes[0]?.isCertain, false);
  assert.equal(asked.length, 1);
  asked[0]?.reject(new Error('the store is away'));
  // An unhandled rejection, which would end the server, comes before this.
  await new Promise((resolve) => setImmediate(resolve));
  for (const host of hosts) rules.calendarOf(host, []);

  assert.equal(asked.length, 2);
});
