import { labelOf } from '@pilothouse/contract';
import type { HostEntry } from '../hosts/service.ts';
import { variableOf } from './fact-schema.ts';
import type { GroupVerdicts } from './group-verdicts.ts';
import type { SelectorEnvironment } from './selector-environment.ts';
import type { AtomSource } from './selector-tree.ts';
import type { Verdict } from './service.ts';

/** Verdicts kept for one atom: as many as a fleet has distinct builds, with room. Emptied when full. */
const VERDICTS_MAX = 8192;

export interface Atom {
  readonly source: AtomSource;
  readonly evaluate: (host: HostEntry) => Verdict;
  /** What a person would want to know of the host to understand the verdict. */
  readonly saw: (host: HostEntry) => string;
}

/** Gives the parsed body behind a digest, or null while it is not in memory. */
export type BodyNow = (digest: string) => unknown;

/**
 * One condition. It is unknown when a fact that it reads is not there; what the library then still cannot decide (an absent
 * field, a division by zero) is unknown as well: a selector never fails while it runs. An atom that reads nothing but facts
 * is decided once for each distinct set of digests, and likewise for the labels that it names.
 */
export function createAtom(source: AtomSource, environment: SelectorEnvironment, bodyNow: BodyNow): Atom {
  const run = environment.cel.parse(source.runnable);
  const verdicts = new Map<string, Verdict>();
  const isShared = isDecidedByKey(source);

  const decide = (host: HostEntry): Verdict => {
    const context = contextOf(source, host, { bodyNow, groups: environment.groups });
    if (context === null) return 'unknown';
    try {
      const value: unknown = environment.withHost(host, () => run(context));
      return value === true ? 'true' : value === false ? 'false' : 'unknown';
    } catch {
      // The library throws for what it cannot decide: an absent field, a type that a dynamic value does not have.
      return 'unknown';
    }
  };
  return {
    source,
    evaluate(host) {
      if (!isShared) return decide(host);
      const key = keyOf(source, host);
      if (key === null) return 'unknown';
      let verdict = verdicts.get(key);
      if (verdict === undefined) {
        verdict = decide(host);
        if (verdicts.size >= VERDICTS_MAX) verdicts.clear();
        // A body that is not in memory yet must be asked for again.
        if (verdict !== 'unknown') verdicts.set(key, verdict);
      }
      return verdict;
    },
    saw: (host) => describe(source, host, environment.groups),
  };
}

const usesGroups = ({ groupRefs }: AtomSource): boolean => groupRefs === null || groupRefs.length > 0;

/** True when named labels and facts alone decide it, so that hosts that agree in them share one verdict. */
function isDecidedByKey(source: AtomSource): boolean {
  if (usesGroups(source)) return false;
  if (source.hostVariables.length === 0) return source.facts.length > 0;
  return source.hostVariables.every((name) => name === 'label') && source.labelKeys.length > 0;
}

function keyOf(source: AtomSource, host: HostEntry): string | null {
  let key = '';
  for (const name of source.labelKeys) key += `${labelOf(host.labels, name) ?? ''}\0`;
  for (const fact of source.facts) {
    const digest = host.facts.get(fact)?.digest;
    if (digest === undefined) return null;
    key += digest;
  }
  return key;
}

function contextOf(
  source: AtomSource,
  host: HostEntry,
  { bodyNow, groups }: { bodyNow: BodyNow; groups: GroupVerdicts },
): Record<string, unknown> | null {
  const context: Record<string, unknown> = {};
  for (const fact of source.facts) {
    const digest = host.facts.get(fact)?.digest;
    const body = digest === undefined ? null : bodyNow(digest);
    if (body === null || body === undefined) return null;
    context[variableOf(fact)] = body;
  }
  for (const name of source.hostVariables) {
    const value = name === 'groups' ? groups.pathsOf(host) : hostValue(name, host, source);
    if (value === null) return null;
    context[name] = value;
  }
  return context;
}

function hostValue(name: string, host: HostEntry, source: AtomSource): unknown {
  switch (name) {
    case 'label':
      return withAbsentLabels(host.labels, source.labelKeys);
    case 'state':
      return host.state;
    case 'presence':
      return host.isOnline ? 'online' : 'offline';
    case 'maintenance':
      return host.isInMaintenance;
    case 'agent':
      return { version: host.agentVersion ?? '' };
    case 'arch':
      return host.arch ?? '';
    case 'groups':
      return host.groups;
    case 'name':
      return host.name;
    case 'id':
      return host.id;
    default:
      return undefined;
  }
}

/** An absent label reads as the empty text: equal to nothing that was written, and different from everything. */
function withAbsentLabels(
  labels: Readonly<Record<string, string>>,
  keys: readonly string[],
): Readonly<Record<string, string>> {
  const absent = keys.filter((key) => !Object.hasOwn(labels, key));
  return absent.length === 0 ? labels : { ...labels, ...Object.fromEntries(absent.map((key) => [key, ''])) };
}

function describe(source: AtomSource, host: HostEntry, groups: GroupVerdicts): string {
  const parts: string[] = [];
  for (const key of source.labelKeys) parts.push(`label ${key}=${labelOf(host.labels, key) ?? '(none)'}`);
  for (const name of source.hostVariables) {
    if (name !== 'label' && name !== 'groups')
      parts.push(`${name}=${JSON.stringify(hostValue(name, host, source))}`);
  }
  if (usesGroups(source)) parts.push(`groups=${JSON.stringify(groups.pathsOf(host) ?? '(undetermined)')}`);
  for (const fact of source.facts) {
    const known = host.facts.get(fact);
    parts.push(
      known === undefined ? `fact ${fact} is not there` : `fact ${fact} ${known.digest.slice(0, 12)}`,
    );
  }
  return parts.join(', ');
}
