import { once } from 'node:events';
import { context, DiagLogLevel, diag, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Log } from '@pilothouse/kernel';
import type { SamplerName, TracingSettings } from './tracing-settings.ts';

/** Spans that wait to be sent; more are dropped, and the log says so. A collector that is away holds up nothing. */
const SPANS_WAITING_MAX = 4096;
/** A server that was told to end waits no longer for its collector. */
const LAST_SPANS_MS_MAX = 3000;

export function registerSdk(
  settings: TracingSettings,
  { version, log }: { readonly version: string; readonly log: Log },
): () => Promise<void> {
  const own = resourceFromAttributes({ 'service.name': 'pilothouse-server', 'service.version': version });
  const told = detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] });
  const exporter = new OTLPTraceExporter();
  const provider = new TracerProvider({
    resource: own.merge(told),
    sampler: samplerOf(settings),
    spanProcessors: [new BatchSpanProcessor({ exporter, maxQueueSize: SPANS_WAITING_MAX })],
  });
  const say = (text: string): void => log.warn('tracing', { problem: text });
  const quiet = (): void => {};
  diag.setLogger({ error: say, warn: say, info: quiet, debug: quiet, verbose: quiet }, DiagLogLevel.WARN);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  return async () => {
    const gaveUp = AbortSignal.timeout(LAST_SPANS_MS_MAX);
    await Promise.race([provider.shutdown(), once(gaveUp, 'abort')]);
  };
}

const SAMPLERS: Readonly<Record<SamplerName, (ratio: number) => Sampler>> = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (ratio) => new TraceIdRatioBasedSampler(ratio),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: (ratio) => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
};

const samplerOf = ({ sampler, ratio }: TracingSettings): Sampler => SAMPLERS[sampler](ratio);
