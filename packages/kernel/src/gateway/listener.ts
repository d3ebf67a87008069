/** The half of the gateway that holds connections. Knows no store, so that a process without one can have it. */
export { endSocket } from './agent-session.ts';
export { type AgentsListener, createAgentsListener, type ListenerKeys } from './agents-listener.ts';
export { GATEWAY_LIMITS } from './limits.ts';
export type { Arrival, OpenSocket, Peer, SessionSocket } from './session-socket.ts';
