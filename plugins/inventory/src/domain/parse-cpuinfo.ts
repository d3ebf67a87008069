import type { HardwareBody } from '../contract.ts';
import { sortedUnique } from './canonical-order.ts';
import { clipWord, lineOrNull, linesOf, type Parsed } from './parsed.ts';

/** Main identifiers of Arm implementers, from the Arm architecture reference manual, MIDR_EL1. */
const ARM_IMPLEMENTERS: Readonly<Record<string, string>> = {
  '0x41': 'Arm',
  '0x46': 'Fujitsu',
  '0x48': 'HiSilicon',
  '0x4e': 'NVIDIA',
  '0x50': 'Applied Micro',
  '0x51': 'Qualcomm',
  '0x61': 'Apple',
  '0x6d': 'Microsoft',
  '0x70': 'Phytium',
  '0xc0': 'Ampere',
};

/** /proc/cpuinfo of x86, arm64 and riscv64: blocks of `key : value`, one a hardware thread. Clock rates tick and are not read. */
export function parseCpuinfo(text: string): Parsed<HardwareBody['cpu']> {
  const blocks: Map<string, string>[] = [];
  let block = new Map<string, string>();
  let unknownLines = 0;
  for (const line of [...linesOf(text), '']) {
    const colon = line.indexOf(':');
    if (line.trim() === '') {
      if (block.size > 0) blocks.push(block);
      block = new Map();
    } else if (colon < 0) unknownLines += 1;
    else block.set(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
  }
  const threads = blocks.filter((b) => b.has('processor'));
  const first = threads[0] ?? new Map<string, string>();
  const packages = threads.flatMap((b) => b.get('physical id') ?? []);
  const cores = threads.flatMap((b) =>
    b.has('core id') ? `${b.get('physical id') ?? 0}:${b.get('core id')}` : [],
  );
  return {
    value: {
      model: modelOf(first),
      vendor: lineOrNull(first.get('vendor_id') ?? ARM_IMPLEMENTERS[first.get('CPU implementer') ?? '']),
      sockets: packages.length === 0 ? null : new Set(packages).size,
      cores: cores.length === 0 ? null : new Set(cores).size,
      threads: threads.length,
      flags: flagsOf(first),
    },
    unknownLines,
  };
}

function modelOf(cpu: ReadonlyMap<string, string>): string | null {
  const named = cpu.get('model name') ?? cpu.get('uarch') ?? cpu.get('cpu model');
  if (named) return lineOrNull(named.replace(/\s+/g, ' '));
  const part = cpu.get('CPU part');
  const implementer = cpu.get('CPU implementer') ?? '';
  return part === undefined
    ? null
    : lineOrNull(`${ARM_IMPLEMENTERS[implementer] ?? implementer} part ${part}`);
}

/** x86 `flags`, arm64 `Features`; riscv64 names its extensions in one word, `rv64imafdc_zicsr`. */
function flagsOf(cpu: ReadonlyMap<string, string>): string[] {
  const text = cpu.get('flags') ?? cpu.get('Features') ?? (cpu.get('isa') ?? '').replaceAll('_', ' ');
  return sortedUnique(text.split(/\s+/).filter(Boolean).map(clipWord));
}
