/** What a connection of API and console may send before it is a request, in whichever process it ends. */
export const EDGE_CONNECTION = {
  maxHeaderSize: 16 * 1024,
  /** Generous for a slow link and a body of the largest size; a slower peer is holding the socket, not sending. */
  requestTimeout: 60_000,
} as const;
