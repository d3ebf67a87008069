import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DatabaseError } from 'pg';
import { isConnectionLost } from './failure.ts';

const fromDatabase = (code: string): Error =>
  Object.assign(new DatabaseError('said by the database', 1, 'error'), { code });
const fromSystem = (code: string): Error => Object.assign(new Error('said by the system'), { code });

test('a broken connection is told from a refused statement', () => {
  const lost = [
    fromSystem('EPIPE'),
    fromSystem('ECONNRESET'),
    new Error('Connection terminated unexpectedly'),
    fromDatabase('57P01'),
    fromDatabase('08006'),
  ];
  const refused = [fromDatabase('23505'), fromDatabase('42601'), new RangeError('beyond 2^53')];

  assert.deepEqual(
    lost.filter((error) => !isConnectionLost(error)),
    [],
  );
  assert.deepEqual(refused.filter(isConnectionLost), []);
});
