/**
 * What newer agents say of themselves in `hello`. A server sends nothing to a host that needs a capability which the host
 * did not name; a plan that needs it skips such a host with its cause.
 *
 * `plans-2`: steps with several actions and conditions, probes in plans, undo records, reboots, resolved waves.
 * `probes`: answers `probe` frames. `authority`: verifies operators' signatures and mandates.
 */
export const AGENT_CAPABILITIES = ['plans-2', 'probes', 'authority'] as const;
export type AgentCapability = (typeof AGENT_CAPABILITIES)[number];
