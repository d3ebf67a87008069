/** What a process that only holds connections needs of this room: loads neither framework nor endpoints. */
export { EDGE_CONNECTION } from './edge-connection.ts';
export { catalogueOf, type ErrorCatalogue, problemOf } from './problem-answer.ts';
export { refuseBroken } from './refuse-broken.ts';
