/**
 * What newer agents say of themselves in `hello`. A server sends nothing to a host that needs a capability which the host
 * did not name; a plan that needs it skips such a host with its cause.
 *
 * `plans-2`: steps with several actions and conditions, probes in plans, undo records, reboots, resolved waves.
 * `probes`: answers `probe` frames. `authority`: verifies operators' signatures and mandates. `start-by`: begins nothing after
 * the end of its envelope, however long it waited for its locks. `collected`: says when facts that it was asked for have
 * been collected. `task-word`: answers `task-ask`. `batch-signature`: takes envelopes that were signed together.
 */
export const AGENT_CAPABILITIES = [
  'plans-2',
  'probes',
  'authority',
  'start-by',
  'collected',
  'task-word',
  'batch-signature',
] as const;
export type AgentCapability = (typeof AGENT_CAPABILITIES)[number];
