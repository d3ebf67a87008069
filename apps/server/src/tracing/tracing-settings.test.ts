import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAppError } from '@pilothouse/contract';
import { readTracing } from './tracing-settings.ts';

const refusal = (environment: Readonly<Record<string, string>>): string | null => {
  try {
    readTracing(environment);
    return null;
  } catch (cause) {
    return isAppError(cause) ? `${cause.code} ${String(cause.details['name'])}` : String(cause);
  }
};

test('nothing is traced until the environment asks', () => {
  assert.equal(readTracing({}), null);
  assert.equal(readTracing({ OTEL_SERVICE_NAME: 'control room' }), null);
  assert.equal(readTracing({ OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c' }), null);
  assert.equal(readTracing({ OTEL_TRACES_EXPORTER: 'otlp', OTEL_SDK_DISABLED: 'TRUE' }), null);
});

test('an exporter or the address of a collector asks for it', () => {
  const all = { sampler: 'parentbased_always_on', ratio: 1 };
  assert.deepEqual(readTracing({ OTEL_TRACES_EXPORTER: 'otlp' }), all);
  assert.deepEqual(readTracing({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }), all);
  assert.deepEqual(readTracing({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318/t' }), all);
  assert.deepEqual(
    readTracing({
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_TRACES_SAMPLER: 'traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
    }),
    { sampler: 'traceidratio', ratio: 0.25 },
  );
});

test('what cannot be followed is refused by the name of its variable', () => {
  const asked = { OTEL_TRACES_EXPORTER: 'otlp' };
  const code = 'TRACING_SETTING_INVALID';
  assert.equal(refusal({ OTEL_TRACES_EXPORTER: 'zipkin' }), `${code} OTEL_TRACES_EXPORTER`);
  assert.equal(
    refusal({ ...asked, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }),
    `${code} OTEL_EXPORTER_OTLP_PROTOCOL`,
  );
  assert.equal(refusal({ ...asked, OTEL_TRACES_SAMPLER: 'sometimes' }), `${code} OTEL_TRACES_SAMPLER`);
  for (const ratio of ['1.5', '-1', 'x'])
    assert.equal(refusal({ ...asked, OTEL_TRACES_SAMPLER_ARG: ratio }), `${code} OTEL_TRACES_SAMPLER_ARG`);
});
