import type { HostAccess } from '@pilothouse/agent-kit';
import { digestOfJson, type FactSpec } from '@pilothouse/contract';
import type { z } from 'zod';
import { inventoryCollectors } from '../src/agent/collectors.ts';

export interface CollectedFact {
  readonly fact: FactSpec;
  readonly digest: string | null;
  readonly body: unknown;
  readonly absence: string | null;
  readonly unknownLines: number;
  readonly sizeBytes: number;
}

/** Every fact that the plugin can collect from a host, each checked against its own schema. */
export async function collectFacts(host: HostAccess): Promise<Map<string, CollectedFact>> {
  const found = new Map<string, CollectedFact>();
  for (const collector of inventoryCollectors) {
    const { fact } = collector;
    const collected = await collector.collect(host);
    if (collected.kind === 'absent') {
      const absence = collected.reason;
      found.set(fact.name, { fact, digest: null, body: null, absence, unknownLines: 0, sizeBytes: 0 });
      continue;
    }
    const body: unknown = fact.body.parse(collected.body);
    found.set(fact.name, {
      fact,
      digest: digestOfJson(body),
      body,
      absence: null,
      unknownLines: collected.unknownLines,
      sizeBytes: Buffer.byteLength(JSON.stringify(body)),
    });
  }
  return found;
}

/** One fact's body in its own type; fails the test when the host has none. */
export async function collectBody<Body extends z.ZodType>(
  host: HostAccess,
  fact: FactSpec<Body>,
): Promise<z.output<Body>> {
  const collector = inventoryCollectors.find((one) => one.fact.name === fact.name);
  const collected = await collector?.collect(host);
  if (collected?.kind !== 'present') throw new Error(`no ${fact.name}: ${JSON.stringify(collected)}`);
  return fact.body.parse(collected.body);
}
