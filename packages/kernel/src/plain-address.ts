/** The address of a peer as people write it: IPv4 also where a socket for both families says `::ffff:192.0.2.1`. */
export const plainAddress = (address: string): string =>
  /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
