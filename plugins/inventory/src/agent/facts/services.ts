import { type Collected, defineCollector, type RunResult } from '@pilothouse/agent-kit';
import { SECOND_MS } from '@pilothouse/base';
import { type ServicesBody, servicesFact } from '../../contract.ts';
import { mergeUnits, parseListUnitFiles, parseListUnits } from '../../domain/parse-systemctl.ts';

const TYPES = '--type=service,timer,socket';
const PLAIN = ['--no-legend', '--no-pager', '--full'];

/** systemd's services, timers and sockets with their states. Other init systems are not supported yet. */
export const servicesCollector = defineCollector({
  fact: servicesFact,
  timeoutMs: 20 * SECOND_MS,
  async collect(host): Promise<Collected<ServicesBody>> {
    if (!(await host.exists('/run/systemd/system'))) {
      return {
        kind: 'absent',
        reason: 'not-supported',
        detail: 'look for systemd: this host runs without it',
      };
    }
    const units = await host.run('systemctl', ['list-units', TYPES, '--all', '--plain', ...PLAIN]);
    const files = await host.run('systemctl', ['list-unit-files', TYPES, ...PLAIN]);
    if (units === null || files === null) {
      return { kind: 'absent', reason: 'tool-missing', detail: 'run systemctl list-units' };
    }
    const failed = [units, files].find((answer) => !isComplete(answer));
    if (failed !== undefined) {
      return {
        kind: 'absent',
        reason: 'failed',
        detail: `run systemctl: ${failed.stderr.slice(0, 200).trim()}`,
      };
    }
    const loaded = parseListUnits(units.stdout);
    const known = parseListUnitFiles(files.stdout);
    return {
      kind: 'present',
      body: { manager: 'systemd', units: mergeUnits(loaded.value, known.value) },
      unknownLines: loaded.unknownLines + known.unknownLines,
    };
  },
});

const isComplete = (answer: RunResult): boolean => answer.exitCode === 0 && !answer.isCut;
