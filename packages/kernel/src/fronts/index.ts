/**
 * Several processes of one installation: fronts hold connections, one leader decides. Knows agents, requests and keys only as
 * what is carried; who may do what is the business of the gateway and the API at the leader.
 */
export { createLeaderDoor } from './leader-door.ts';
export { handshakesOf, measureFronts } from './measure-fronts.ts';
