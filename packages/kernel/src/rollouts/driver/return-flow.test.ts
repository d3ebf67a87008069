import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import { createReturnFlow } from './return-flow.ts';

test('a fleet is on its way while one in a hundred of the missing came within the last moments', () => {
  const clock = fakeClock();
  const flow = createReturnFlow(clock);
  for (let host = 0; host < 50; host++) flow.came();
  clock.advance(4_999);

  assert.equal(flow.isOn(5_000), true);
  assert.equal(flow.isOn(5_001), false);
  assert.equal(flow.isOn(0), false);
});

test('it has ended ten seconds after the last came', () => {
  const clock = fakeClock();
  const flow = createReturnFlow(clock);
  clock.advance(4_000);
  for (let host = 0; host < 50; host++) flow.came();

  clock.advance(5_000);
  assert.equal(flow.isOn(100), true);
  clock.advance(1_000);
  assert.equal(flow.isOn(100), false);
});

test('a few hosts that come and go are no fleet', () => {
  const clock = fakeClock();
  const flow = createReturnFlow(clock);
  for (let host = 0; host < 9; host++) flow.came();

  assert.equal(flow.isOn(5), false);
});
