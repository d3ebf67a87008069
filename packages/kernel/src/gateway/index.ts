/** The agents' side of the server: sessions, frames, bodies. Knows hosts and facts as rooms that it reports to, and no task. */
export { createGateway, type Gateway } from './create-gateway.ts';
export type { GatewayDeps } from './gateway-deps.ts';
export { GATEWAY_LIMITS, type GatewayLimits } from './limits.ts';
export type { GatewayService, OpenSession, OutgoingFrame, SessionListener } from './service.ts';
export { createTicketKeys, type TicketKeys } from './ticket-keys.ts';
