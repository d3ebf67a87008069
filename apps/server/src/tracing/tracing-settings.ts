/** What of OpenTelemetry's standard variables is ours to read; the libraries read the rest (`OTEL_EXPORTER_OTLP_*`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`). */
import { AppError } from '@pilothouse/contract';

export interface TracingSettings {
  readonly sampler: SamplerName;
  /** The part of new traces that is kept, 0 to 1; heeded by samplers of that kind. */
  readonly ratio: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;
export type SamplerName = (typeof SAMPLERS)[number];

/** Null: no tracing was asked for. AppError(TRACING_SETTING_INVALID) for a value that nothing here can follow. */
export function readTracing(environment: Environment): TracingSettings | null {
  const value = (name: string): string => environment[name]?.trim() ?? '';
  if (value('OTEL_SDK_DISABLED').toLowerCase() === 'true') return null;
  const hasEndpoint =
    value('OTEL_EXPORTER_OTLP_ENDPOINT') !== '' || value('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') !== '';
  const exporter = value('OTEL_TRACES_EXPORTER') || (hasEndpoint ? 'otlp' : 'none');
  if (exporter === 'none') return null;
  if (exporter !== 'otlp') throw invalid('OTEL_TRACES_EXPORTER', exporter, ['otlp', 'none']);
  const protocolName = value('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL')
    ? 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'
    : 'OTEL_EXPORTER_OTLP_PROTOCOL';
  const protocol = value(protocolName) || 'http/json';
  if (protocol !== 'http/json') throw invalid(protocolName, protocol, ['http/json']);
  return {
    sampler: samplerOf(value('OTEL_TRACES_SAMPLER')),
    ratio: ratioOf(value('OTEL_TRACES_SAMPLER_ARG')),
  };
}

function samplerOf(text: string): SamplerName {
  if (text === '') return 'parentbased_always_on';
  const sampler = SAMPLERS.find((name) => name === text);
  if (sampler === undefined) throw invalid('OTEL_TRACES_SAMPLER', text, SAMPLERS);
  return sampler;
}

function ratioOf(text: string): number {
  if (text === '') return 1;
  const ratio = Number(text);
  if (!(ratio >= 0 && ratio <= 1)) throw invalid('OTEL_TRACES_SAMPLER_ARG', text, ['0 … 1']);
  return ratio;
}

const invalid = (name: string, value: string, offered: readonly string[]): AppError =>
  new AppError('TRACING_SETTING_INVALID', { name, value, offered: offered.join(', ') });
