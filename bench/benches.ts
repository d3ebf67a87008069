import { agent } from './agent.ts';
import type { Benchmark } from './benchmark.ts';
import { enrolment } from './enrolment.ts';
import { eventloop } from './eventloop.ts';
import { fanout } from './fanout.ts';
import { growth, inventory } from './growth.ts';
import { memory } from './memory.ts';
import { peers } from './peers.ts';
import { selectors } from './selectors.ts';
import { storm } from './storm.ts';
import { waves } from './waves.ts';

/** Every benchmark by its name, in the order of `all`: one line each. */
export const BENCHES: Readonly<Record<string, Benchmark>> = {
  enrolment,
  memory,
  fanout,
  waves,
  storm,
  inventory,
  growth,
  selectors,
  eventloop,
  peers,
  agent,
};
