import { defineCollector } from '@pilothouse/agent-kit';
import { SECOND_MS } from '@pilothouse/base';
import { identityFact } from '../../contract.ts';
import { meaningful } from '../../domain/parse-dmidecode.ts';
import { clipWord } from '../../domain/parsed.ts';
import { readLine } from '../read-line.ts';

const DMI = '/sys/class/dmi/id';

/** What belongs to this host and no other: names, ids, serial numbers. Kept out of every shared fact. */
export const identityCollector = defineCollector({
  fact: identityFact,
  timeoutMs: 5 * SECOND_MS,
  async collect(host) {
    const [machineId, bootId] = [
      await readLine(host, '/etc/machine-id'),
      await readLine(host, '/proc/sys/kernel/random/boot_id'),
    ];
    const serial = async (name: string) => meaningful(await readLine(host, `${DMI}/${name}`));
    return {
      kind: 'present',
      unknownLines: 0,
      body: {
        hostName: (await readLine(host, '/proc/sys/kernel/hostname')) ?? '',
        machineId: machineId === null ? null : clipWord(machineId),
        bootId: bootId === null ? null : clipWord(bootId),
        serials: {
          product: await serial('product_serial'),
          productUuid: await serial('product_uuid'),
          board: await serial('board_serial'),
          chassis: await serial('chassis_serial'),
        },
        isPartial: !host.isRoot,
      },
    };
  },
});
