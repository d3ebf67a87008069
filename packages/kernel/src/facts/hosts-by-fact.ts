import { compareText } from '@pilothouse/base';
import type { FactSpec } from '@pilothouse/contract';
import type { z } from 'zod';
import type { HostEntry } from '../hosts/service.ts';
import type { FactsService } from './service.ts';

export interface HostsOfFact<Body> {
  /** Null: they said nothing of it, or nothing that can be read. */
  readonly body: Body | null;
  readonly hosts: readonly HostEntry[];
}

/**
 * Hosts by what they say of one fact: each distinct body is read and parsed once, however many hosts share it, and one at a
 * time, so that ten thousand different ones are never held together.
 */
export async function* hostsByFact<Body extends z.ZodType>(
  hosts: readonly HostEntry[],
  facts: Pick<FactsService, 'body'>,
  spec: Pick<FactSpec<Body>, 'name' | 'body'>,
): AsyncGenerator<HostsOfFact<z.output<Body>>> {
  for (const [digest, members] of Map.groupBy(hosts, (host) => host.facts.get(spec.name)?.digest ?? '')) {
    const parsed = digest === '' ? null : spec.body.safeParse(await facts.body(digest));
    yield { body: parsed?.success === true ? parsed.data : null, hosts: members };
  }
}

/** The first of them by name, as lists show them; the count beside is whole. */
export const shownHosts = (hosts: readonly HostEntry[], max: number): { id: string; name: string }[] =>
  hosts
    .toSorted((a, b) => compareText(a.name, b.name) || compareText(a.id, b.id))
    .slice(0, max)
    .map(({ id, name }) => ({ id, name }));
