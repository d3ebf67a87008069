import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import {
  type CounterName,
  type GaugeName,
  type HistogramName,
  METRICS,
  type MetricSpec,
} from './metric-table.ts';

type Labels = Readonly<Record<string, string>>;

/** Measures of the control plane itself, in a registry of its own so that two kernels in one process stay apart. */
export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  observe(name: HistogramName, seconds: number, labels?: Labels): void;
  count(name: CounterName, labels?: Labels): void;
  /** A value that is read when somebody scrapes. */
  gauge(name: GaugeName, read: () => number | Promise<number>): void;
  /** The same, one value for each of its label; what is no longer named is gone. */
  gauges(name: GaugeName, label: string, read: () => Readonly<Record<string, number>>): void;
  /** The same for what somebody else counts, one number for each value of its label. */
  counted(name: CounterName, label: string, read: () => Readonly<Record<string, number>>): void;
  requestEnded(labels: { route: string; method: string; status: number }, seconds: number): void;
  reconcilerEnded(name: string, outcome: 'ok' | 'failed', seconds: number): void;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  // Of the process and the runtime: processor, memory, descriptors, delay of the event loop.
  collectDefaultMetrics({ register: registry, prefix: 'pilothouse_' });
  const histograms = new Map<string, Histogram>();
  const counters = new Map<string, Counter>();
  for (const [name, spec] of Object.entries<MetricSpec>(METRICS)) {
    const common = { name, help: spec.help, labelNames: [...(spec.labels ?? [])], registers: [registry] };
    if (spec.type === 'counter') counters.set(name, new Counter(common));
    if (spec.type === 'histogram')
      histograms.set(name, new Histogram({ ...common, buckets: [...(spec.buckets ?? [])] }));
  }
  const metrics: Metrics = {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    observe: (name, seconds, labels = {}) => histograms.get(name)?.observe(labels, seconds),
    count: (name, labels = {}) => counters.get(name)?.inc(labels),
    gauge(name, read) {
      const { help } = METRICS[name];
      const gauge: Gauge = new Gauge({
        name,
        help,
        registers: [registry],
        collect: async () => gauge.set(await read()),
      });
    },
    gauges(name, label, read) {
      const gauge: Gauge = new Gauge({
        name,
        help: METRICS[name].help,
        labelNames: [label],
        registers: [registry],
        collect() {
          gauge.reset();
          for (const [value, number] of Object.entries(read())) gauge.set({ [label]: value }, number);
        },
      });
    },
    counted(name, label, read) {
      registry.removeSingleMetric(name);
      const counter: Counter = new Counter({
        name,
        help: METRICS[name].help,
        labelNames: [label],
        registers: [registry],
        collect() {
          counter.reset();
          for (const [value, count] of Object.entries(read())) counter.inc({ [label]: value }, count);
        },
      });
    },
    requestEnded({ route, method, status }, seconds) {
      metrics.observe('pilothouse_http_request_seconds', seconds, { route, method, status: String(status) });
    },
    reconcilerEnded(name, outcome, seconds) {
      metrics.observe('pilothouse_reconciler_seconds', seconds, { name });
      if (outcome === 'failed') metrics.count('pilothouse_reconciler_failures_total', { name });
    },
  };
  return metrics;
}
