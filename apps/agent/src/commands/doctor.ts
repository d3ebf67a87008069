import { doctorJson, isWell, printDoctor } from '@pilothouse/contract';
import type { CommandLine } from '../command-line.ts';
import { dataDirectoryAt } from '../data-directory.ts';
import { doctorTexts } from '../doctor/doctor-texts.ts';
import { runDoctor } from '../doctor/run-doctor.ts';
import { createDialler } from '../session/dial.ts';
import { proxyOf } from './proxy.ts';

/** `doctor`: what this host lacks, and what to do. Exit code 1 when something does not, or soon will not, work. */
export async function doctor(line: CommandLine): Promise<number> {
  const findings = await runDoctor({
    data: dataDirectoryAt(line.dataDirectory),
    uid: process.getuid?.() ?? 0,
    dialler: createDialler({ proxy: proxyOf(process.env) }),
    servers: line.servers,
    now: Date.now,
  });
  process.stdout.write(
    line.isJson ? doctorJson(findings, doctorTexts) : printDoctor(findings, doctorTexts, line.language),
  );
  return isWell(findings) ? 0 : 1;
}
