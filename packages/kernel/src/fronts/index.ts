/**
 * Several processes of one installation, on one machine or more: fronts hold connections, one leader decides. Knows agents, requests and keys only as
 * what is carried; who may do what is the business of the gateway and the API at the leader.
 */
export { createLeaderDoor, type LeaderDoor } from './leader-door.ts';
export { handshakesOf, measureFronts } from './measure-fronts.ts';
export { sayTerm } from './say-term.ts';
