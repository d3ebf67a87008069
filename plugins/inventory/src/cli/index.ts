/** The command-line room of inventory: `inventory` and `packages`. Single facts are read by the kernel's own `facts`. */
import { defineCliPlugin } from '@pilothouse/cli-kit';
import { inventorySpec } from '../contract.ts';
import { inventoryCommand } from './inventory.ts';
import { packagesCommand } from './packages.ts';

export const inventoryCli = defineCliPlugin({
  id: inventorySpec.id,
  commands: [inventoryCommand, packagesCommand],
  errors: inventorySpec.errors,
});
