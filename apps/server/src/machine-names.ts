import type { NetworkInterfaceInfo } from 'node:os';

/** More would make tokens long; an agent tries them one after another. */
const ADDRESSES_MAX = 4;

export interface Machine {
  readonly hostName: string;
  readonly interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;
}

/** By what others may reach this machine: its addresses, IPv4 first, then its name. `localhost` last, for itself. */
export function machineNames({ hostName, interfaces }: Machine): string[] {
  const addresses = Object.values(interfaces)
    .flatMap((each) => each ?? [])
    .filter((each) => !each.internal && !isLinkLocal(each.address))
    .sort((a, b) => (a.family === b.family ? 0 : a.family === 'IPv4' ? -1 : 1))
    .map((each) => each.address);
  return [...new Set([...addresses.slice(0, ADDRESSES_MAX), hostName, 'localhost'])];
}

const isLinkLocal = (address: string): boolean =>
  address.startsWith('fe80:') || address.startsWith('169.254.');
