import type { HostId } from '@pilothouse/contract';
import type { AgentFrameOf } from '@pilothouse/wire';
import type { SessionListener } from '../../gateway/service.ts';
import type { HostEntry, HostIndexChange } from '../../hosts/service.ts';
import { parseTaskId } from './active-rollout.ts';
import { takeTaskWord } from './ask-returning.ts';
import type { Batch } from './batch.ts';
import type { Driver } from './create-driver.ts';
import { type DriverCore, lossOf, settlePresence } from './driver-core.ts';
import { loseHost, takeHello, takeOutcome, takeWord, tasksOf } from './session-jobs.ts';

/** Turns what sessions say into jobs. A host whose words do not fit into the queue repeats them in its next session. */
export function sessionListener(core: DriverCore, driver: Driver): SessionListener {
  const { deps, loop, heard } = core;
  const add = (hostId: HostId, apply: (batch: Batch) => void | Promise<void>, bytes = 0): void => {
    if (!loop.add({ apply, hostId, bytes }) && !core.isClosed) deps.gateway.cut(hostId, 'GATEWAY_BUSY');
  };
  return {
    opened(session) {
      deps.plans.offered.note(session);
      noteHold(core, session.hostId, session.hello.isHeld);
      add(session.hostId, (batch) => {
        core.flow.came();
        takeHello(driver, batch, session);
        if (heard.get(session.hostId) === session.generation) core.absences.back(session.hostId);
        if (!core.isSettled && heard.size >= deps.hosts.index.size) settlePresence(core, batch);
      });
    },
    closed({ hostId, generation }) {
      core.probes.sessionClosed(hostId);
      const last = heard.get(hostId);
      if (last === undefined || last === generation) {
        heard.delete(hostId);
        core.absences.left(hostId);
      }
      loop.add({ apply: (batch) => core.outputs.sessionClosed(hostId, batch) });
    },
    frame({ hostId }, frame) {
      if (frame.kind === 'accepted' || frame.kind === 'started')
        add(hostId, (batch) => takeWord(driver, batch, { hostId, frame }));
      else if (frame.kind === 'outcome') {
        const bytes = frame.outputInline?.length ?? 0;
        add(hostId, (batch) => takeOutcome(driver, batch, { hostId, frame }), bytes);
      } else if (frame.kind === 'hold-changed') noteHold(core, hostId, frame.isHeld);
      else if (frame.kind === 'task-word') takeTaskWord(core, hostId, frame);
      else if (frame.kind === 'output') showOutput(core, hostId, frame);
      else if (frame.kind === 'probe-result' && core.probes.take(hostId, frame))
        loop.add({ apply: () => driver.noteProbes(hostId, frame.results) });
    },
    outputBody: (hostId, digest, body) =>
      loop.run((batch) => {
        if (!core.outputs.takeBody(batch, hostId, digest, body))
          core.context.log.warn('an output came that nobody asked for', { hostId, digest });
      }),
  };
}

function noteHold(core: DriverCore, hostId: HostId, isHeld: boolean): void {
  if (isHeld) core.held.add(hostId);
  else core.held.delete(hostId);
}

function showOutput(core: DriverCore, hostId: HostId, frame: AgentFrameOf<'output'>): void {
  const place = parseTaskId(frame.taskId);
  const rollout = place === null ? undefined : core.active.get(place.rolloutId);
  const host = rollout?.plan.hosts[place?.index ?? -1];
  if (rollout === undefined || host?.id !== hostId) return;
  const { taskId, offsetBytes, chunks } = frame;
  core.deps.live.output(
    { id: rollout.id, hostsCount: rollout.fixed.hostsCount },
    { taskId, hostId, hostName: host.name, offsetBytes, chunks },
  );
}

/** What of a host's record decides whether it may be offered anything. */
const standing = (host: HostEntry): string =>
  JSON.stringify([host.state, host.isInMaintenance, host.labels, host.groups]);

export function noteHostChange(driver: Driver, { before, after }: HostIndexChange): void {
  if (before === null || (after !== null && standing(before) === standing(after))) return;
  const hostId = before.id;
  driver.loop.add({
    apply(batch) {
      const code = lossOf(after);
      if (code !== null) {
        loseHost(driver, batch, { hostId, code, details: {}, isFinal: after === null });
        return;
      }
      for (const { active, index } of tasksOf(driver, hostId))
        batch.feed(active, { kind: 'host-ready', index });
    },
  });
}
