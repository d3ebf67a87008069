/** The kernel's HTTP routes, one file a room. */
export * from './access.ts';
export * from './enrolment-errors.ts';
export * from './enrolment.ts';
export * from './gateway.ts';
export * from './system.ts';
