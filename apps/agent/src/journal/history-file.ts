/**
 * The host's own account of what it did and by whose word, for people: `pilothouse-agent history`. Nothing decides by it,
 * the journal does that, so a line that cannot be written is told in the log and holds nothing up.
 *
 * Limits: two files of HISTORY_BYTES_MAX, some three thousand tasks each; the older one goes when the newer is full. Lines
 * survive a kill of the agent; a power cut may cost the last ones.
 */
import { appendFileSync, readFileSync, renameSync, statSync } from 'node:fs';
import { errorCode } from '@pilothouse/base';
import {
  type EnvelopePayload,
  HistoryRecord,
  type HostId,
  soakBefore,
  type TaskOutcome,
} from '@pilothouse/contract';
import type { AgentLog } from '../log.ts';
import type { GrantedBy } from './journal-record.ts';

const HISTORY_BYTES_MAX = 2 * 1024 * 1024;

export interface HistoryFile {
  began(payload: EnvelopePayload, start: { readonly at: string; readonly granted: GrantedBy }): void;
  ended(task: { readonly taskId: string; readonly attempt: number }, outcome: TaskOutcome): void;
}

const olderOf = (path: string): string => `${path}.1`;

export function openHistoryFile(deps: {
  readonly path: string;
  readonly hostId: () => HostId;
  readonly log: AgentLog;
}): HistoryFile {
  const { path, hostId, log } = deps;
  const append = (record: HistoryRecord): void => {
    try {
      if (sizeOf(path) > HISTORY_BYTES_MAX) renameSync(path, olderOf(path));
      appendFileSync(path, `${JSON.stringify(record)}\n`, { mode: 0o600 });
    } catch (cause) {
      log.warn('history cannot be written', { reason: errorCode(cause) ?? String(cause) });
    }
  };
  return {
    began(payload, { at, granted }) {
      const { header, step } = payload;
      const wave = step.wave ?? null;
      append({
        kind: 'began',
        at,
        hostId: hostId(),
        taskId: payload.taskId,
        attempt: payload.attempt,
        taskKind: payload.kind,
        planDigest: payload.planDigest,
        title: header.title,
        rolloutId: payload.rolloutId,
        actions: step.actions.map(({ action }) => action),
        wave,
        waveHosts: wave === null ? null : (header.waves?.[wave]?.hostsCount ?? null),
        soakMs: soakBefore(header, wave),
        by: granted.by,
        keys: granted.keys,
        mandate: granted.mandate?.digest ?? null,
        serverTime: payload.serverTime,
      });
    },
    ended({ taskId, attempt }, { kind, error, endedAt }) {
      const code = error?.code ?? null;
      append({ kind: 'ended', at: endedAt, hostId: hostId(), taskId, attempt, outcome: kind, code });
    },
  };
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return 0;
    throw cause;
  }
}

/** Oldest first. A line that a power cut tore is passed over. */
export function readHistory(path: string): HistoryRecord[] {
  return [olderOf(path), path].flatMap((each) => linesOf(each).flatMap((line) => parseLine(line) ?? []));
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return [];
    throw cause;
  }
}

function parseLine(line: string): HistoryRecord | null {
  try {
    return HistoryRecord.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    // Torn or empty: there is nothing to be read from it.
    return null;
  }
}
