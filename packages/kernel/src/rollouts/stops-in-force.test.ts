import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '@pilothouse/contract';
import { entryOf, selectOver } from './open-test-rollouts.ts';
import { createStopsInForce } from './stops-in-force.ts';

const stop = {
  id: 'st_1',
  selector: 'name=web-1',
  hostIds: null,
  endRunning: false,
  reason: 'smoke',
  createdBy: 'ann',
  createdAt: 0,
};

test('a stop whose facts have gone with their plugin is read back and holds everybody, until it is cleared', () => {
  const hosts = [entryOf('h_1', 'web-1'), entryOf('h_2', 'web-2')];
  const select = selectOver(new Map());
  const known = createStopsInForce(select);
  const forgotten = createStopsInForce({
    compile(text) {
      throw new AppError('SELECTOR_INVALID', { text });
    },
  });

  known.replaceAll([stop]);
  forgotten.replaceAll([stop]);

  assert.deepEqual(hosts.map(known.covers), [true, false]);
  assert.deepEqual(hosts.map(forgotten.covers), [true, true]);
  forgotten.remove(stop.id);
  assert.deepEqual(hosts.map(forgotten.covers), [false, false]);
});
