import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderMessage } from '@pilothouse/contract';
import { checkClock } from './check-server.ts';
import { doctorTexts } from './doctor-texts.ts';

const DATE = 'Sat, 21 Nov 2026 12:00:00 GMT';
const clockAt = (offMs: number) => checkClock(DATE, Date.parse(DATE) + 500 + offMs);

test('a clock is right, drifts, or is so far off that tasks are refused', () => {
  assert.equal(clockAt(0)?.state, 'ok');
  assert.equal(clockAt(-29_000)?.state, 'ok');
  assert.equal(clockAt(31_000)?.code, 'clockDrifts');
  assert.equal(clockAt(299_000)?.code, 'clockDrifts');
  assert.equal(clockAt(-301_000)?.code, 'clockOff');
});

test('says which way it is off', () => {
  const ahead = clockAt(400_000);
  const behind = clockAt(-400_000);

  assert.match(
    renderMessage(doctorTexts.clockOff.title, 'en', ahead?.details ?? {}),
    /400 s ahead of the server/,
  );
  assert.match(renderMessage(doctorTexts.clockOff.title, 'zh', behind?.details ?? {}), /服务器慢 400 秒/);
});

test('a server that says no time is not judged by it', () => {
  assert.equal(checkClock(null, 0), null);
  assert.equal(checkClock('yesterday', 0), null);
});
