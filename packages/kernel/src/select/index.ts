/** Picks hosts by CEL expressions over labels and facts, with what is unknown kept unknown. Changes nothing. */
export { createSelect } from './create-select.ts';
export { selectEndpoints } from './endpoints.ts';
export { createMeter, meterEnvironment } from './meter.ts';
export { selectorInvalid } from './selector-error.ts';
export { walk } from './selector-tree.ts';
