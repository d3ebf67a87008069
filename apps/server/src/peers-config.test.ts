import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '@pilothouse/contract';
import { peersOf } from './peers-config.ts';

const store = 'postgres:///pilothouse';
const address = (host: string) => ({ host, port: 7445 });

const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return `${error.code} ${error.details['where'] ?? ''}`.trim();
  }
  return 'taken';
};

test('without an address for others there is one machine, on either engine', () => {
  assert.equal(peersOf({ store, processes: 1 }), null);
  assert.equal(peersOf({ store: 'sqlite', processes: 4 }), null);
});

test('others reach a machine where it listens, unless it says otherwise', () => {
  const listen = address('10.0.0.1');
  const everywhere = { 'peer-listen': address(''), 'peer-advertise': address('a.example') };

  assert.deepEqual(peersOf({ store, processes: 2, 'peer-listen': listen }), { listen, advertised: listen });
  assert.equal(peersOf({ store, processes: 2, ...everywhere })?.advertised.host, 'a.example');
});

test('what cannot work is refused by the setting that is wrong', () => {
  const peers = { 'peer-listen': address('10.0.0.1') };

  assert.deepEqual(
    [
      refusal(() => peersOf({ store: 'sqlite', processes: 2, ...peers })),
      refusal(() => peersOf({ store, processes: 1, ...peers })),
      refusal(() => peersOf({ store, processes: 2, 'peer-listen': address('') })),
      refusal(() => peersOf({ store, processes: 2, 'peer-advertise': address('a.example') })),
      refusal(() => peersOf({ store, processes: 2, 'peer-listen': { host: '10.0.0.1', port: 0 } })),
    ],
    [
      'PEERS_NEED_POSTGRES',
      'CONFIG_INVALID processes',
      'CONFIG_INVALID peer-advertise',
      'CONFIG_INVALID peer-listen',
      'CONFIG_INVALID peer-listen',
    ],
  );
});
