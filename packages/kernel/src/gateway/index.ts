/** The agents' side of the server: sessions, frames, bodies. Knows hosts and facts as rooms that it reports to, and no task. */
export { endSocket } from './agent-session.ts';
export { type AgentsListener, createAgentsListener, type ListenerKeys } from './agents-listener.ts';
export { createArrivals } from './arrivals.ts';
export { createGateway, type Gateway } from './create-gateway.ts';
export type { GatewayDeps } from './gateway-deps.ts';
export { GATEWAY_LIMITS, type GatewayLimits } from './limits.ts';
export type { GatewayService, OpenSession, OutgoingFrame, SessionListener } from './service.ts';
export type { Arrival, OpenSocket, Peer, SessionSocket } from './session-socket.ts';
export { createTicketKeys, type TicketKeys } from './ticket-keys.ts';
