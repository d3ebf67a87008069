import { randomFillSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DAY_MS, systemClock } from '@pilothouse/base';
import type { HostId, Labels } from '@pilothouse/contract';
import { openTestStore } from '@pilothouse/store/test-store';
import { createKernel, type Kernel } from './create-kernel.ts';
import type { KernelOptions } from './kernel-options.ts';
import { type Log, silentLog } from './log.ts';

export interface TestKernel extends Kernel {
  /** Registers a host without an agent. */
  addHost(host: { readonly name: string; readonly labels?: Labels }): Promise<HostId>;
}

/** For tests: a whole control plane over a real store, on ports of the system's choice, in a directory that goes with it. */
export async function openTestKernel(
  options: Partial<KernelOptions> = {},
  log: Log = silentLog,
): Promise<TestKernel> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'pilothouse-kernel-'));
  const store = await openTestStore();
  const context = {
    clock: systemClock,
    ids: { now: Date.now, fill: (target: Uint8Array) => randomFillSync(target) },
    store,
    log,
  };
  const kernel = await createKernel(context, {
    plugins: [],
    dataDirectory,
    listen: { host: '127.0.0.1', port: 0 },
    gatewayListen: { host: '127.0.0.1', port: 0 },
    names: ['localhost', '127.0.0.1'],
    certificateNames: ['localhost', '127.0.0.1'],
    retention: { eventsKeptMax: 10_000, factHistoryMs: DAY_MS, resultsKeptDays: 1 },
    oidc: null,
    version: '0.0.0-test',
    isAnswerChecked: true,
    ...options,
  });
  return {
    ...kernel,
    addHost: ({ name, labels = {} }) =>
      store.transaction((transaction) =>
        kernel.hosts.add(transaction, {
          name,
          labels,
          groups: [],
          state: 'active',
          machineId: name,
          arch: 'x86_64',
          agentVersion: '0.0.0-test',
        }),
      ),
    async close() {
      await kernel.close();
      await store.close();
      await rm(dataDirectory, { recursive: true });
    },
  };
}
