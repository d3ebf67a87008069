import { createWireSimulation } from '../wire-simulation/run-wire-seed.ts';
import { createSimulation, type Simulation } from './run-seed.ts';

/** rules: everything that decides about a rollout, over frames. wire: driver, store and wire, over bytes and a disk. */
export type WorldKind = 'rules' | 'wire';

export const openSimulation = (kind: WorldKind, hosts: number | null): Promise<Simulation> =>
  kind === 'wire' ? createWireSimulation(hosts) : createSimulation(hosts);
