/** What tests and benchmarks build on: a clock that obeys, and a fleet of agents without hosts. Never part of the product. */
export { type Behaviour, honest } from './behaviour.ts';
export { type FakeClock, fakeClock } from './fake-clock.ts';
export { type AgentRoom, conformPlugin } from './plugin-conformance.ts';
export { type PostgresCluster, postgresCluster } from './postgres-cluster.ts';
export { type ServerProcess, type ServerProcessOptions, startServerProcess } from './server-process.ts';
export { SimulatedAgent, type SimulatedAgentOptions } from './simulated-agent.ts';
export { type SimulatedBody, type SimulatedFacts, simulatedBody } from './simulated-facts.ts';
export { type SimulatedFleet, type SimulatedFleetOptions, simulatedFleet } from './simulated-fleet.ts';
export {
  enrolSimulated,
  newSimulatedKey,
  type SimulatedIdentity,
  type SimulatedKey,
} from './simulated-identity.ts';
export { testFetch } from './test-fetch.ts';
export { until } from './until.ts';
