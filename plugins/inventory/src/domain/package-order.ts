import type { InstalledPackage } from '../contract.ts';
import { sortedBy } from './canonical-order.ts';

/** The order of the packages fact, whichever package system gave the list. */
export const inPackageOrder = (packages: readonly InstalledPackage[]): InstalledPackage[] =>
  sortedBy(
    packages,
    (one) => one.name,
    (one) => one.version,
    (one) => one.arch,
  );
