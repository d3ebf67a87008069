import type { HostEntry } from '../hosts/service.ts';
import type { Selector, SelectService } from '../select/service.ts';
import type { StopRecord } from './stop-store.ts';

/** The emergency stops in force, in memory. A host of which a stop's selector cannot be decided counts as stopped. */
export interface StopsInForce {
  covers(host: HostEntry): boolean;
  isCoveredBy(stop: StopRecord, host: HostEntry): boolean;
  list(): readonly StopRecord[];
  add(stop: StopRecord): void;
  remove(id: string): void;
  replaceAll(stops: readonly StopRecord[]): void;
}

interface Compiled {
  readonly stop: StopRecord;
  /** Null: all hosts. `evaluate` says of whom it cannot decide. */
  readonly selector: Pick<Selector, 'evaluate'> | null;
  readonly hostIds: ReadonlySet<string> | null;
}

export function createStopsInForce(select: Pick<SelectService, 'compile'>): StopsInForce {
  const stops = new Map<string, Compiled>();
  const compile = (stop: StopRecord): Compiled => ({
    stop,
    selector: stop.selector === null ? null : compiledOrUndecided(select, stop.selector),
    hostIds: stop.hostIds === null ? null : new Set(stop.hostIds),
  });
  const isCovered = ({ selector, hostIds }: Compiled, host: HostEntry): boolean => {
    if (hostIds !== null) return hostIds.has(host.id);
    return selector === null || selector.evaluate(host) !== 'false';
  };
  return {
    covers(host) {
      for (const compiled of stops.values()) if (isCovered(compiled, host)) return true;
      return false;
    },
    isCoveredBy: (stop, host) => isCovered(stops.get(stop.id) ?? compile(stop), host),
    list: () => [...stops.values()].map(({ stop }) => stop),
    add: (stop) => void stops.set(stop.id, compile(stop)),
    remove: (id) => void stops.delete(id),
    replaceAll(all) {
      stops.clear();
      for (const stop of all) stops.set(stop.id, compile(stop));
    },
  };
}

function compiledOrUndecided(
  select: Pick<SelectService, 'compile'>,
  text: string,
): Pick<Selector, 'evaluate'> {
  try {
    return select.compile(text);
  } catch {
    // It compiled when it was put. Its facts have gone with their plugin: a stop that nobody can read holds, and no start.
    return { evaluate: () => 'unknown' };
  }
}
