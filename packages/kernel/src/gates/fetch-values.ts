import { ComparedVital, type HostId, type JsonObject, Severity } from '@pilothouse/contract';
import type { FactsService } from '../facts/service.ts';
import type { FindingsService } from '../findings/service.ts';
import type { GatewayService } from '../gateway/service.ts';
import type { HostEntry, HostsService } from '../hosts/service.ts';
import type { SelectService } from '../select/service.ts';
import { type Fetch, type FetchedValue, ShareView, SidesView } from './gate-environment.ts';
import type { Prometheus } from './prometheus.ts';
import type { GateView } from './service.ts';
import type { VitalSamples } from './vital-samples.ts';

export interface FetchDeps {
  readonly hosts: Pick<HostsService, 'index'>;
  readonly facts: Pick<FactsService, 'warm'>;
  readonly select: Pick<SelectService, 'compile'>;
  readonly findings: Pick<FindingsService, 'list'>;
  readonly gateway: Pick<GatewayService, 'send'>;
  readonly samples: VitalSamples;
  /** Null: none is configured. */
  readonly prometheus: Prometheus | null;
}

/** A value, or why there is none: the gate then holds. */
export type Fetched =
  | { readonly kind: 'value'; readonly value: FetchedValue; readonly saw: JsonObject }
  | { readonly kind: 'none'; readonly code: string; readonly details: JsonObject };

/** Findings that one look counts; more than this is "too many" for any condition. */
const FINDINGS_PAGE = 500;
const FINDINGS_PAGES_MAX = 20;
/** Names of hosts that evidence carries. */
export const EVIDENCE_HOSTS_MAX = 20;

/** Hosts whose task ran, so that they differ from the others by the change. */
export const changedHosts = (view: GateView): HostId[] =>
  view.touched.filter(({ state }) => state !== 'skipped').map(({ hostId }) => hostId);

export async function fetchValue(deps: FetchDeps, fetch: Fetch, view: GateView): Promise<Fetched> {
  switch (fetch.function) {
    case 'touched':
      return fetchShare(deps, fetch.argument, { hostIds: changedHosts(view), since: view.waveEndedAt });
    case 'untouched':
      return fetchShare(deps, fetch.argument, { hostIds: view.untouched, since: null });
    case 'vital':
      return fetchSides(deps, ComparedVital.parse(fetch.argument), view);
    case 'findings':
      return fetchFindings(deps, Severity.parse(fetch.argument), view);
    case 'prom':
      return fetchNumber(deps.prometheus, fetch.argument);
  }
}

/**
 * What a host said of itself before it was changed says nothing of it now: touched hosts are asked anew. Nor does what one
 * said that has gone since.
 */
async function fetchShare(
  deps: FetchDeps,
  text: string,
  of: { readonly hostIds: readonly HostId[]; readonly since: number | null },
): Promise<Fetched> {
  const selector = deps.select.compile(text);
  for (const fact of selector.facts) await deps.facts.warm(fact);
  const counts = { matched: 0, unmatched: 0, unknown: 0 };
  const unmatched: string[] = [];
  let old = 0;
  for (const hostId of of.hostIds) {
    const host = deps.hosts.index.get(hostId);
    if (host === undefined) continue;
    const isGone = !host.isOnline && selector.facts.length > 0;
    if (of.since !== null && (isGone || isOld(host, selector.facts, of.since))) {
      old += 1;
      deps.gateway.send(hostId, { kind: 'collect', facts: [...selector.facts] });
      continue;
    }
    const verdict = selector.evaluate(host);
    if (verdict === 'true') counts.matched += 1;
    else if (verdict === 'unknown') counts.unknown += 1;
    else counts.unmatched += 1;
    if (verdict !== 'true' && unmatched.length < EVIDENCE_HOSTS_MAX) unmatched.push(host.name);
  }
  if (old > 0) return { kind: 'none', code: 'GATE_FACTS_OLD', details: { hosts: old, selector: text } };
  return { kind: 'value', value: new ShareView(counts), saw: { ...counts, unmatchedHosts: unmatched } };
}

const isOld = (host: HostEntry, facts: readonly string[], since: number): boolean =>
  facts.some((fact) => {
    const known = host.facts.get(fact);
    return known !== undefined && known.seenAt < since;
  });

/** Means since the wave ended, or of the last five minutes, of the hosts that are there. */
export function meansOf(
  deps: Pick<FetchDeps, 'hosts' | 'samples'>,
  hostIds: readonly HostId[],
  of: { readonly vital: ComparedVital; readonly since: number },
): { readonly values: Map<HostId, number>; readonly missing: number } {
  const values = new Map<HostId, number>();
  let missing = 0;
  for (const hostId of hostIds) {
    if (!deps.hosts.index.has(hostId)) continue;
    const mean = deps.samples.mean(hostId, of.vital, of.since);
    if (mean === null) missing += 1;
    else values.set(hostId, mean);
  }
  return { values, missing };
}

function fetchSides(deps: FetchDeps, vital: ComparedVital, view: GateView): Fetched {
  const of = { vital, since: view.waveEndedAt };
  const touched = meansOf(deps, changedHosts(view), of);
  const untouched = meansOf(deps, view.untouched, of);
  // A touched host that says nothing may be the one that broke; an untouched one is missed by nobody.
  if (touched.missing > 0)
    return { kind: 'none', code: 'GATE_NO_SAMPLES', details: { hosts: touched.missing, measure: vital } };
  const sides = { touched: [...touched.values.values()], untouched: [...untouched.values.values()] };
  const value = new SidesView(sides);
  const { touchedMean, touchedMax, untouchedMean, untouchedMax } = value;
  return { kind: 'value', value, saw: { touchedMean, touchedMax, untouchedMean, untouchedMax } };
}

async function fetchFindings(deps: FetchDeps, severityMin: Severity, view: GateView): Promise<Fetched> {
  const hostIds = new Set(changedHosts(view));
  const found: { kind: string; host: string }[] = [];
  let count = 0;
  let cursor: string | undefined;
  for (let page = 0; page < FINDINGS_PAGES_MAX; page++) {
    const rows = await deps.findings.list(
      { state: 'open', severityMin, hostIds, firstSeenMin: view.startedAt },
      { limit: FINDINGS_PAGE, cursor },
    );
    for (const { kind, hostId } of rows.items) {
      if (hostId === null) continue;
      count += 1;
      const host = deps.hosts.index.get(hostId)?.name ?? hostId;
      if (found.length < EVIDENCE_HOSTS_MAX) found.push({ kind, host });
    }
    if (rows.nextCursor === null) break;
    cursor = rows.nextCursor;
  }
  return { kind: 'value', value: BigInt(count), saw: { count, found } };
}

export async function fetchNumber(prometheus: Prometheus | null, query: string): Promise<Fetched> {
  const answer = await prometheus?.query(query);
  if (answer?.kind !== 'samples') {
    const problem = answer?.problem ?? 'none is configured';
    return { kind: 'none', code: 'GATE_PROMETHEUS_UNREACHABLE', details: { problem } };
  }
  const [sample] = answer.samples;
  if (answer.samples.length > 1)
    return { kind: 'none', code: 'GATE_QUERY_MANY', details: { query, series: answer.samples.length } };
  if (sample === undefined || Number.isNaN(sample.value))
    return { kind: 'none', code: 'GATE_QUERY_EMPTY', details: { query } };
  return { kind: 'value', value: sample.value, saw: { value: String(sample.value) } };
}
