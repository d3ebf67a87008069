/** The kernel's HTTP routes, one file a room. */
export * from './access.ts';
export * from './audit.ts';
export * from './enrolment.ts';
export * from './enrolment-errors.ts';
export * from './events.ts';
export * from './facts.ts';
export * from './findings.ts';
export * from './gateway.ts';
export * from './groups.ts';
export * from './hosts.ts';
export * from './plan-errors.ts';
export * from './plans.ts';
export * from './rollout-causes.ts';
export * from './rollout-errors.ts';
export * from './rollouts.ts';
export * from './select.ts';
export * from './system.ts';
