import type { Benchmark } from './benchmark.ts';
import { enrolment } from './enrolment.ts';
import { fanout } from './fanout.ts';
import { memory } from './memory.ts';

/** Every benchmark by its name, in the order of `all`: one line each. */
export const BENCHES: Readonly<Record<string, Benchmark>> = {
  enrolment,
  memory,
  fanout,
};
