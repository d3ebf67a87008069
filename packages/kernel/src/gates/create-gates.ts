import { AppError, type ComparedMeasure, ComparedVital, type Gate, Severity } from '@pilothouse/contract';
import type { GatewayService } from '../gateway/service.ts';
import type { HostsService } from '../hosts/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { FetchDeps } from './fetch-values.ts';
import {
  type CompileCondition,
  type CompiledCondition,
  createConditionCompiler,
  type Fetch,
} from './gate-environment.ts';
import { judgeCheck } from './judge-check.ts';
import { judgeCompare } from './judge-compare.ts';
import type { GatesService } from './service.ts';
import { createVitalSamples } from './vital-samples.ts';

export interface GatesDeps extends Omit<FetchDeps, 'samples' | 'hosts' | 'gateway'> {
  readonly hosts: Pick<HostsService, 'index' | 'onChange'>;
  readonly gateway: Pick<GatewayService, 'send' | 'listen'>;
}

export function createGates(context: Pick<KernelContext, 'clock' | 'log'>, deps: GatesDeps): GatesService {
  const samples = createVitalSamples(context.clock);
  let compiler: CompileCondition | null = null;
  // Made for the first condition: most fleets have none, and a start need not wait for it.
  const compile: CompileCondition = (gate, expression) => {
    compiler ??= createConditionCompiler();
    return compiler(gate, expression);
  };
  const all: FetchDeps = { ...deps, samples };
  deps.gateway.listen({
    frame({ hostId }, frame) {
      if (frame.kind === 'heartbeat') samples.add(hostId, frame.vitals, context.clock.now());
    },
  });
  deps.hosts.onChange(({ before, after }) => {
    if (before !== null && after === null) samples.forget(before.id);
  });
  return {
    async judge(gate, view) {
      try {
        if (gate.kind === 'compare') return await judgeCompare(all, gate, view);
        return await judgeCheck(all, { gate, condition: compile(gate.name, gate.expression) }, view);
      } catch (cause) {
        context.log.error('gate could not be judged', { gate: gate.name, rolloutId: view.rolloutId, cause });
        const problem = cause instanceof AppError ? cause.code : 'INTERNAL';
        return {
          kind: 'undetermined',
          reason: { code: 'GATE_CANNOT_EVALUATE', details: { problem } },
          evidence: {},
        };
      }
    },
    async check(gates) {
      for (const gate of gates) {
        if (gate.kind === 'check') await checkCondition(all, gate.name, compile(gate.name, gate.expression));
        if (gate.kind === 'compare')
          for (const measure of gate.measures) await checkMeasure(all, gate, measure);
      }
    },
  };
}

async function checkCondition(deps: FetchDeps, gate: string, condition: CompiledCondition): Promise<void> {
  for (const fetch of condition.fetches) {
    const { argument } = fetch;
    if (fetch.function === 'touched' || fetch.function === 'untouched') deps.select.compile(argument);
    if (fetch.function === 'vital') requireOneOf(ComparedVital.options, gate, fetch);
    if (fetch.function === 'findings') requireOneOf(Severity.options, gate, fetch);
    if (fetch.function === 'prom') await checkQuery(deps, gate, argument);
  }
}

function requireOneOf(known: readonly string[], gate: string, fetch: Fetch): void {
  if (known.includes(fetch.argument)) return;
  throw new AppError('GATE_INVALID', {
    gate,
    problem: {
      en: `${fetch.function}() does not know "${fetch.argument}"`,
      zh: `${fetch.function}() 不认识“${fetch.argument}”`,
    },
    column: 1,
    excerpt: fetch.argument,
    suggestion: known.join(', '),
  });
}

async function checkMeasure(
  deps: FetchDeps,
  gate: Extract<Gate, { kind: 'compare' }>,
  measure: ComparedMeasure,
): Promise<void> {
  if (measure.kind === 'vital') return;
  const samples = await checkQuery(deps, gate.name, measure.query);
  if (!samples.some(({ labels }) => labels[measure.hostLabel] !== undefined))
    throw new AppError('GATE_METRIC_UNKNOWN', {
      gate: gate.name,
      query: `${measure.query} by ${measure.hostLabel}`,
    });
}

async function checkQuery(deps: FetchDeps, gate: string, query: string) {
  if (deps.prometheus === null) throw new AppError('GATE_PROMETHEUS_MISSING', { gate });
  const answer = await deps.prometheus.query(query);
  if (answer.kind !== 'samples') {
    const { problem } = answer;
    if (answer.kind === 'refused') throw new AppError('GATE_QUERY_INVALID', { gate, query, problem });
    throw new AppError('GATE_PROMETHEUS_UNREACHABLE', { problem });
  }
  if (answer.samples.length === 0) throw new AppError('GATE_METRIC_UNKNOWN', { gate, query });
  return answer.samples;
}
