/** Judges whether a rollout may go on after a wave: conditions, and canaries against hosts not yet touched. Decides nothing else. */
export { chancePerLook } from './chance-per-look.ts';
export { createGates } from './create-gates.ts';
export { createPrometheus, type PromAnswer, type Prometheus, type PrometheusSettings } from './prometheus.ts';
export { smallestP } from './rank-test.ts';
