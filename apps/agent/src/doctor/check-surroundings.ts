import { existsSync } from 'node:fs';
import { isClaimed } from '../claim-directory.ts';
import { type DataDirectory, readIfThere } from '../data-directory.ts';
import { readTrustPolicy } from '../policy/trust-policy-file.ts';
import { readSessionStatus } from '../read-session-status.ts';
import { isSystemdHost } from '../systemd-host.ts';
import { type DoctorFinding, ok, problem, warning } from './finding.ts';

/** Where systemd-run is on every distribution that has it. */
const SYSTEMD_RUN = ['/usr/bin/systemd-run', '/bin/systemd-run'];

/** What tasks are run with and by: root, scopes of their own, and the host's own say. */
export function checkSurroundings(data: DataDirectory, uid: number): DoctorFinding[] {
  const hasScopes = isSystemdHost() && SYSTEMD_RUN.some((path) => existsSync(path));
  const held = readIfThere(data.hold);
  return [
    uid === 0 ? ok('root') : warning('notRoot', { uid }),
    hasScopes ? ok('scopes') : warning('scopesMissing'),
    checkPolicy(data.trustPolicy, uid),
    ...(held === null ? [] : [warning('held', { reason: held.trim() })]),
  ];
}

function checkPolicy(path: string, uid: number): DoctorFinding {
  const state = readTrustPolicy(path, uid);
  if (state.kind === 'none') return ok('policyNone');
  if (state.kind === 'policy') return ok('policy', { path, mode: state.policy.mode });
  return problem('policyDamaged', { path, problem: state.problem });
}

/** Whether an agent works on the directory, and whether it has a session. */
export async function checkAgent(data: DataDirectory): Promise<DoctorFinding[]> {
  if (!(await isClaimed(data))) return [warning('agentStopped')];
  const { kind, detail, since, pid } = readSessionStatus(data);
  if (kind === 'connected') return [ok('connected', { pid, since, url: detail ?? '' })];
  return [problem('disconnected', { since })];
}
