import type { Collector } from '@pilothouse/agent-kit';
import { accountsCollector } from './facts/accounts.ts';
import { hardwareCollector } from './facts/hardware.ts';
import { identityCollector } from './facts/identity.ts';
import { kernelCollector } from './facts/kernel.ts';
import { modulesCollector } from './facts/modules.ts';
import { networkCollector } from './facts/network.ts';
import { osCollector } from './facts/os.ts';
import { packagesCollector } from './facts/packages.ts';
import { parametersCollector } from './facts/parameters.ts';
import { processesCollector } from './facts/processes.ts';
import { repositoriesCollector } from './facts/repositories.ts';
import { schedulesCollector } from './facts/schedules.ts';
import { securityCollector } from './facts/security.ts';
import { servicesCollector } from './facts/services.ts';
import { socketsCollector } from './facts/sockets.ts';
import { storageCollector } from './facts/storage.ts';
import { storageUsageCollector } from './facts/storage-usage.ts';

/** One collector a fact. */
export const inventoryCollectors: readonly Collector[] = [
  osCollector,
  kernelCollector,
  hardwareCollector,
  identityCollector,
  networkCollector,
  storageCollector,
  storageUsageCollector,
  packagesCollector,
  repositoriesCollector,
  servicesCollector,
  processesCollector,
  socketsCollector,
  accountsCollector,
  schedulesCollector,
  parametersCollector,
  modulesCollector,
  securityCollector,
];
