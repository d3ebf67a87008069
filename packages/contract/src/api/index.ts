/** The kernel's HTTP routes, one file a room. */
export {};
