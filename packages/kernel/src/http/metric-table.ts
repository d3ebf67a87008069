/**
 * Every measure of the control plane by name, type, labels and help, in one place, so that a dashboard can be written against
 * it and a test can hold it. Names follow the conventions of Prometheus: a prefix, base units, `_total` for what only grows.
 * Labels never carry what a stranger chooses: their values are few and known.
 */
export interface MetricSpec {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels?: readonly string[];
  /** Upper bounds of a histogram, in seconds. */
  readonly buckets?: readonly number[];
}

/** From a commit of a fast disk to one that waits behind a backup. */
const STORE_BUCKETS = [0.001, 0.005, 0.02, 0.05, 0.1, 0.5, 2, 10];

export const METRICS = {
  pilothouse_http_request_seconds: {
    type: 'histogram',
    help: 'Time from the last byte of a request to the first byte of its answer',
    labels: ['route', 'method', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
  },
  pilothouse_reconciler_seconds: {
    type: 'histogram',
    help: 'Time of one reconciler run',
    labels: ['name'],
    buckets: [0.01, 0.1, 1, 10, 60],
  },
  pilothouse_reconciler_failures_total: {
    type: 'counter',
    help: 'Reconciler runs that ended in an error',
    labels: ['name'],
  },
  pilothouse_store_transaction_seconds: {
    type: 'histogram',
    help: 'Time from asking for a transaction to its durable end, waiting for its turn included',
    labels: ['outcome'],
    buckets: STORE_BUCKETS,
  },
  pilothouse_store_transactions_waiting: {
    type: 'gauge',
    help: 'Transactions that were asked for and have not ended',
  },
  pilothouse_task_seconds: {
    type: 'histogram',
    help: 'Time from offering a task to its host to telling the host that its outcome is on disk',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 30, 120, 600],
  },
  pilothouse_rollout_words_waiting: {
    type: 'gauge',
    help: 'Words of hosts and people about rollouts that are not yet durable',
  },
  pilothouse_gate_judgements_total: {
    type: 'counter',
    help: 'Looks at gates between waves, by what was found',
    labels: ['kind', 'verdict'],
  },
  pilothouse_gateway_sessions: { type: 'gauge', help: 'Open sessions of agents' },
  pilothouse_gateway_handshakes_total: {
    type: 'counter',
    help: 'TLS handshakes of agents: full, resumed by a ticket, failed',
    labels: ['kind'],
  },
  pilothouse_leader_term: {
    type: 'gauge',
    help: 'How many times a machine of this installation has begun to lead; 0 with one machine',
  },
  pilothouse_front_sessions: {
    type: 'gauge',
    help: 'Sessions of agents that a front holds, those being opened among them',
    labels: ['front'],
  },
  pilothouse_front_bytes_waiting: {
    type: 'gauge',
    help: 'Bytes from the leader that a front has not taken yet',
    labels: ['front'],
  },
  pilothouse_front_waiting: {
    type: 'gauge',
    help: 'Requests and agents at a front that wait for a leader',
    labels: ['front'],
  },
  pilothouse_front_requests: {
    type: 'gauge',
    help: 'Requests and streams under way at a front',
    labels: ['front'],
  },
  pilothouse_front_cpu_seconds_total: {
    type: 'counter',
    help: 'Processor time of a front',
    labels: ['front'],
  },
  pilothouse_front_resident_bytes: { type: 'gauge', help: 'Memory of a front', labels: ['front'] },
  pilothouse_hosts: { type: 'gauge', help: 'Hosts that are not decommissioned' },
  pilothouse_facts_current: { type: 'gauge', help: 'Facts that hosts hold at present: hosts times facts' },
  pilothouse_fact_bodies_stored: {
    type: 'gauge',
    help: 'Bodies of facts in the store; what hosts share counts once',
  },
  pilothouse_budget_leases: {
    type: 'gauge',
    help: 'Hosts that may be down at present because a task draws on a budget',
  },
  pilothouse_notifications_waiting: {
    type: 'gauge',
    help: 'Notifications that are queued and not yet delivered',
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

export type MetricName = keyof typeof METRICS;
type NamesOf<Type extends MetricSpec['type']> = {
  [Name in MetricName]: (typeof METRICS)[Name]['type'] extends Type ? Name : never;
}[MetricName];
export type GaugeName = NamesOf<'gauge'>;
export type CounterName = NamesOf<'counter'>;
export type HistogramName = NamesOf<'histogram'>;
