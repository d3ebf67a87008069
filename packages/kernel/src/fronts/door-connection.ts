/** Of connections between fronts and a leader. */
export const DOOR_CONNECTION = {
  // A front's head: 16 KiB at most, and a certificate.
  maxHeaderSize: 64 * 1024,
  // Fronts keep the deadlines towards strangers; an idle connection closed here could cross a request on its way.
  requestTimeout: 0,
  headersTimeout: 0,
  keepAliveTimeout: 0,
} as const;
