import { connect } from 'node:net';
import { availableParallelism } from 'node:os';
import { errorCode } from '@pilothouse/base';
import { measureDoorPath } from '../processes/door-path.ts';
import { type DoctorFinding, ok, problem, warning } from './finding.ts';

interface Wanted {
  readonly processes: number;
  readonly dataDirectory: string;
  /** Of several machines; then check-machines.ts looks for the leader, which may be on another. */
  readonly peers?: object | null;
}

/** Whether several processes are of use on this machine, find each other, and have a leader. */
export async function checkProcesses(
  { processes, dataDirectory, peers = null }: Wanted,
  processors = availableParallelism(),
): Promise<DoctorFinding> {
  if (processes === 1) return ok('processesOne', { processors });
  const { path, bytes, limit } = measureDoorPath(dataDirectory);
  if (bytes > limit) return problem('processesPath', { path, bytes, limit });
  const refusal = peers === null ? await refusalAt(path) : 'elsewhere';
  // Left by a leader that died, and nobody has taken its place.
  if (refusal === 'ECONNREFUSED') return warning('processesNoLeader', { processes });
  // One decides, and each of the others can fill a processor.
  if (processes > processors + 1) return warning('processesMany', { processes, processors });
  if (peers !== null) return ok('processesSet', { processes });
  return ok(refusal === null ? 'processes' : 'processesIdle', { processes, processors });
}

/** What the system says to whoever knocks; null: somebody opens. */
function refusalAt(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(null);
    });
    socket.once('error', (error) => resolve(errorCode(error) ?? 'unknown'));
  });
}
