import type { HardwareBody } from '../contract.ts';
import { sortedBy } from './canonical-order.ts';
import { integerOf, lineOrNull, linesOf } from './parsed.ts';

type MemoryModule = NonNullable<HardwareBody['memory']['modules']>[number];

const UNIT_BYTES: Readonly<Record<string, number>> = {
  kB: 2 ** 10,
  KB: 2 ** 10,
  MB: 2 ** 20,
  GB: 2 ** 30,
  TB: 2 ** 40,
};

/** `dmidecode --type 17`: the memory modules in their slots; empty slots and serial numbers are left out. */
export function parseMemoryModules(text: string): MemoryModule[] {
  const modules: MemoryModule[] = [];
  for (const block of text.split(/\n(?=Handle )/)) {
    const fields = fieldsOf(block);
    const [amount, unit = ''] = (fields.get('Size') ?? '').split(' ');
    const size = integerOf(amount);
    if (!/^Memory Device$/m.test(block) || size === null || size <= 0) continue;
    modules.push({
      locator: lineOrNull(fields.get('Locator')) ?? '',
      sizeBytes: size * (UNIT_BYTES[unit] ?? 1),
      type: meaningful(fields.get('Type')),
      speed: meaningful(fields.get('Speed')),
      vendor: meaningful(fields.get('Manufacturer')),
      part: meaningful(fields.get('Part Number')),
    });
  }
  return sortedBy(
    modules,
    (m) => m.locator,
    (m) => m.part ?? '',
  );
}

function fieldsOf(block: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of linesOf(block)) {
    const match = /^\t([^\t:][^:]*): (.*)$/.exec(line);
    if (match?.[1] !== undefined) fields.set(match[1], (match[2] ?? '').trim());
  }
  return fields;
}

/** Null for what vendors leave in place of a value. */
export function meaningful(text: string | null | undefined): string | null {
  const line = lineOrNull(text);
  if (line === null) return null;
  const isFiller =
    /^(?:to be filled|default string|not (?:specified|present|applicable|available|provided)|none|unknown|undefined|system (?:serial|product|version|manufacturer)|chassis serial|base board|n\/a|x+$|0+$|-+$|\.+$|0123456789|123456789)/i;
  return isFiller.test(line) ? null : line;
}
