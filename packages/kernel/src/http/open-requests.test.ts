import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { isAppError } from '@pilothouse/contract';
import { type Asker, createOpenRequests } from './open-requests.ts';

const response = () => Object.assign(new EventEmitter(), { destroyed: false });
const person = (id: string): Asker => ({ kind: 'person', id });
const stranger = (address: string): Asker => ({ kind: 'stranger', address });

function openUntilRefused(begin: () => unknown): number {
  for (let count = 0; count < 5_000; count++) {
    try {
      begin();
    } catch (cause) {
      assert.ok(isAppError(cause) && cause.code === 'TOO_MANY_REQUESTS');
      return count;
    }
  }
  return -1;
}

test('nobody alone takes the place of all others: neither a person, nor strangers of one place, nor all strangers', () => {
  const open = createOpenRequests();
  const by = (asker: Asker) => () => open.begin(response(), asker);

  assert.equal(openUntilRefused(by(stranger('192.0.2.1'))), 100);
  assert.equal(openUntilRefused(by(stranger('192.0.2.2'))), 100);
  let place = 0;
  assert.equal(
    openUntilRefused(() => by(stranger(`198.51.${place++ >> 8}.${place & 255}`))()),
    800,
  );
  assert.equal(openUntilRefused(by(person('u_ada'))), 1_000);
  assert.equal(openUntilRefused(by(person('u_ben'))), 1_000);
  assert.equal(openUntilRefused(by(person('u_cai'))), 0);
  assert.doesNotThrow(by({ kind: 'monitor' }));
});

test('a person who holds half of all leaves the other half to others, and what ends makes room', () => {
  const open = createOpenRequests();
  const held = Array.from({ length: 1_000 }, response);
  const signals = held.map((each) => open.begin(each, person('u_ada')));
  assert.throws(() => open.begin(response(), person('u_ada')), { code: 'TOO_MANY_REQUESTS' });

  open.begin(response(), person('u_ben'));
  held[0]?.emit('close');

  assert.equal(signals[0]?.aborted, true);
  assert.equal(signals[1]?.aborted, false);
  open.begin(response(), person('u_ada'));
  open.endAll();
  assert.equal(signals[1]?.aborted, true);
});

test('who has left already holds no place', () => {
  const open = createOpenRequests();

  for (let n = 0; n < 3_000; n++) {
    const gone = Object.assign(response(), { destroyed: true });
    assert.equal(open.begin(gone, person('u_ada')).aborted, true);
  }

  assert.equal(open.begin(response(), person('u_ada')).aborted, false);
});
