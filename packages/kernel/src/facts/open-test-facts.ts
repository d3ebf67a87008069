import { createHash } from 'node:crypto';
import type { TestContext } from 'node:test';
import { defineFact, type FactReport } from '@pilothouse/contract';
import { z } from 'zod';
import { openTestHosts, type TestHosts } from '../hosts/open-test-hosts.ts';
import { createFacts, type FactsRoom } from './create-facts.ts';
import { factsMigrations } from './migrations.ts';
import type { FactChange } from './service.ts';

export const testSpecs = [
  defineFact({
    name: 'os',
    title: { en: 'Operating system', zh: '操作系统' },
    body: z.object({ id: z.string(), versionId: z.string(), prettyName: z.string().nullish() }),
    isShared: true,
    sizeBytesMax: 1024,
    intervalMs: 60_000,
  }),
  defineFact({
    name: 'packages',
    title: { en: 'Packages', zh: '软件包' },
    body: z.object({
      system: z.enum(['dpkg', 'rpm', 'apk']),
      packages: z.array(z.object({ name: z.string(), version: z.string(), arch: z.string() })),
    }),
    isShared: true,
    sizeBytesMax: 1024 * 1024,
    intervalMs: 60_000,
  }),
  defineFact({
    name: 'services',
    title: { en: 'Services', zh: '服务' },
    body: z.object({
      units: z.array(z.object({ name: z.string(), state: z.string(), enabled: z.string().nullable() })),
    }),
    isShared: true,
    sizeBytesMax: 1024 * 1024,
    intervalMs: 60_000,
  }),
  defineFact({
    name: 'storage-usage',
    title: { en: 'Storage usage', zh: '存储用量' },
    body: z.object({
      usedRatio: z.number(),
      count: z.number().int(),
      label: z.string().nullable(),
      mounts: z.record(z.string(), z.object({ size: z.number().int() })),
    }),
    isShared: false,
    sizeBytesMax: 1024,
    intervalMs: 60_000,
  }),
];

export const bodyOf = (value: unknown) => Buffer.from(JSON.stringify(value));
export const digestOf = (value: unknown) => createHash('sha256').update(bodyOf(value)).digest('hex');
export const present = (fact: string, value: unknown): FactReport => ({
  kind: 'present',
  fact,
  digest: digestOf(value),
  sizeBytes: bodyOf(value).byteLength,
  unknownLines: 0,
});

export interface TestFacts extends FactsRoom {
  readonly registry: TestHosts;
  readonly changes: FactChange[];
  readonly asked: { hostId: string; digests: readonly string[] }[];
  /** Who was to look again, and for what. */
  readonly lookedAgain: { hostId: string; facts: readonly string[] }[];
  /** Nobody hears what they are asked for. */
  isDeaf: boolean;
  /** Reports a fact and sends its body when it is asked for. */
  readonly give: (hostId: string, fact: string, value: unknown) => Promise<void>;
  readonly reopen: () => Promise<FactsRoom>;
}

/** Facts over a real store, for tests of this room and of those that read facts. */
export async function openTestFacts(t: TestContext): Promise<TestFacts> {
  let opened: FactsRoom | null = null;
  const registry = await openTestHosts(t, (digest) => opened?.facts.bodyNow(digest) ?? null);
  await registry.store.migrate([factsMigrations]);
  const asked: TestFacts['asked'] = [];
  const ask = (hostId: string, digests: readonly string[]) => {
    if (room.isDeaf) return false;
    asked.push({ hostId, digests });
    return true;
  };
  const lookedAgain: TestFacts['lookedAgain'] = [];
  const lookAgain = (hostId: string, facts: readonly string[]) => void lookedAgain.push({ hostId, facts });
  const open = () =>
    createFacts(registry.context, { hosts: registry.hosts, specs: testSpecs, ask, lookAgain });
  const first = await open();
  opened = first;
  const changes: FactChange[] = [];
  first.facts.onChange((some) => changes.push(...some));
  const room: TestFacts = {
    ...first,
    lookedAgain,
    isDeaf: false,
    registry,
    changes,
    asked,
    async give(hostId, fact, value) {
      const wanted = await first.facts.report(hostId, [present(fact, value)], registry.clock.now());
      if (wanted.length > 0) await first.facts.putBody(hostId, digestOf(value), bodyOf(value));
    },
    reopen: open,
  };
  return room;
}
