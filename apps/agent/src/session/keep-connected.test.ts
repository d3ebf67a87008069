import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, ok, type Result } from '@pilothouse/base';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import fc from 'fast-check';
import { keepConnected, waitAfter } from './keep-connected.ts';
import type { SessionEnd } from './open-session.ts';

const closed = (wasWelcomed: boolean): Result<SessionEnd, unknown> => ok({ kind: 'closed', wasWelcomed });

test('waits a random time below a ceiling that doubles up to 20 s, and starts anew after a welcome', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 60 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (n, chance) => {
        const wait = waitAfter(err('no route'), n, () => chance);

        assert.ok(wait.delayMs <= Math.min(20_000, 1000 * 2 ** n));
        assert.equal(wait.failures, n + 1);
        assert.ok(waitAfter(closed(true), n, () => chance).delayMs <= 1000);
      },
    ),
  );
});

test('obeys a server that names a time, and never comes before it', () => {
  const end: Result<SessionEnd, unknown> = ok({ kind: 'come-back', afterMs: 8000 });

  assert.equal(waitAfter(end, 3, () => 0).delayMs, 8000);
  assert.ok(waitAfter(end, 3, () => 0.999).delayMs <= 10_000);
  assert.ok(waitAfter(ok({ kind: 'refused', code: 'X', title: 'x' }), 0, () => 0).delayMs >= 60_000);
  assert.equal(waitAfter(ok({ kind: 'renewed' }), 5, () => 0.9).delayMs, 0);
});

test('tries the addresses in turn while none answers, and stays with one that does', async () => {
  const clock = fakeClock();
  const abort = new AbortController();
  const tried: string[] = [];
  const answers = [err('a'), err('b'), closed(true), closed(true)];
  await keepConnected({
    urls: () => ['https://one:1', 'https://two:2', 'https://three:3'],
    clock,
    random: () => 0,
    log: { info() {}, warn() {}, error() {} },
    signal: abort.signal,
    // Nothing here is a problem of trust.
    trust: undefined as never,
    dialler: undefined as never,
    async session(url) {
      tried.push(url.hostname);
      const answer = answers.shift();
      if (answers.length === 0) abort.abort();
      return answer ?? closed(false);
    },
  });

  assert.deepEqual(tried, ['one', 'two', 'three', 'three']);
});

test('an address that takes connections and welcomes nobody is one that does not answer', async () => {
  const abort = new AbortController();
  const tried: string[] = [];
  const clock = fakeClock();
  await keepConnected({
    urls: () => ['https://one:1', 'https://two:2'],
    clock,
    random: () => 0,
    log: { info() {}, warn() {}, error() {} },
    signal: abort.signal,
    trust: undefined as never,
    dialler: undefined as never,
    async session(url) {
      tried.push(url.hostname);
      if (tried.length === 3) abort.abort();
      return closed(url.hostname === 'two');
    },
  });

  assert.deepEqual(tried, ['one', 'two', 'two']);
});
