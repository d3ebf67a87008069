import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Measures of the control plane itself, in a registry of its own so that two kernels in one process stay apart. */
export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  requestEnded(labels: { route: string; method: string; status: number }, seconds: number): void;
  /** A value that is read when somebody scrapes. Name in Prometheus style: `pilothouse_gateway_sessions`. */
  gauge(name: string, help: string, read: () => number): void;
  reconcilerEnded(name: string, outcome: 'ok' | 'failed', seconds: number): void;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'pilothouse_' });
  const requests = new Histogram({
    name: 'pilothouse_http_request_seconds',
    help: 'Time from the last byte of a request to the first byte of its answer',
    labelNames: ['route', 'method', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  const reconcilers = new Histogram({
    name: 'pilothouse_reconciler_seconds',
    help: 'Time of one reconciler run',
    labelNames: ['name'],
    buckets: [0.01, 0.1, 1, 10, 60],
    registers: [registry],
  });
  const failures = new Counter({
    name: 'pilothouse_reconciler_failures_total',
    help: 'Reconciler runs that ended in an error',
    labelNames: ['name'],
    registers: [registry],
  });
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    requestEnded({ route, method, status }, seconds) {
      requests.observe({ route, method, status: String(status) }, seconds);
    },
    gauge(name, help, read) {
      const gauge: Gauge = new Gauge({
        name,
        help,
        registers: [registry],
        collect: () => gauge.set(read()),
      });
    },
    reconcilerEnded(name, outcome, seconds) {
      reconcilers.observe({ name }, seconds);
      if (outcome === 'failed') failures.inc({ name });
    },
  };
}
