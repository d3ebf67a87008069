/**
 * `pilothouse-server doctor`: looks at what an installation stands on (clock, disk, keys, store, ports, certificates, limits)
 * and says what to do. It changes nothing, and works beside a running server as well as before the first start.
 */
import { type } from 'node:os';
import { doctorJson, type Language, printDoctor } from '@pilothouse/contract';
import type { Config } from '../config.ts';
import { readVersion } from '../version.ts';
import { checkDataDirectory } from './check-data-directory.ts';
import { checkListener } from './check-listener.ts';
import { checkClock, checkDescriptors } from './check-machine.ts';
import { checkMachines } from './check-machines.ts';
import { checkProcesses } from './check-processes.ts';
import { checkStore } from './check-store.ts';
import { doctorTexts } from './doctor-texts.ts';
import { type DoctorFinding, ok } from './finding.ts';

export { isWell } from '@pilothouse/contract';

export async function runDoctor(config: Config, language: Language): Promise<readonly DoctorFinding[]> {
  const os = `${type()} ${process.arch}`;
  return [
    ok('runtime', { version: readVersion(), node: process.versions.node, os }),
    await checkClock(),
    await checkDescriptors(),
    await checkProcesses(config),
    ...(await checkDataDirectory(config.dataDirectory)),
    ...(await checkStore(config.store, language)),
    ...(await checkMachines(config, language)),
    ...(await checkListener('API', config.listen)),
    ...(await checkListener('gateway', config.gatewayListen)),
  ];
}

export const sayFindings = (
  findings: readonly DoctorFinding[],
  { language, isJson }: { readonly language: Language; readonly isJson: boolean },
): string => (isJson ? doctorJson(findings, doctorTexts) : printDoctor(findings, doctorTexts, language));
