import { type Clock, MINUTE_MS } from '@pilothouse/base';
import {
  type ComparedVital,
  ComparedVital as ComparedVitals,
  type HostId,
  type Vitals,
} from '@pilothouse/contract';

/** Five minutes of heartbeats: 840 bytes a host, 8 MB for ten thousand. */
const SAMPLES_PER_HOST = 30;
/** What was said before that says nothing of a host now: one that died in the soak would be judged by when it was well. */
const AGE_MS_MAX = 5 * MINUTE_MS;
const VITALS = ComparedVitals.options;
const WIDTH = VITALS.length;

interface Ring {
  /** Milliseconds since the epoch of each sample; 0: none yet. */
  readonly times: Float64Array;
  /** NaN where the host's kernel has no such number. */
  readonly values: Float32Array;
  next: number;
}

/** The last few heartbeats of every host, for gates alone: long-term metrics belong to Prometheus. Not durable. */
export interface VitalSamples {
  add(hostId: HostId, vitals: Vitals, at: number): void;
  forget(hostId: HostId): void;
  /** Mean of the kept samples at or after `from` and of the last five minutes; null without one. */
  mean(hostId: HostId, vital: ComparedVital, from: number): number | null;
}

export function createVitalSamples(clock: Pick<Clock, 'now'>): VitalSamples {
  const rings = new Map<HostId, Ring>();
  const ringOf = (hostId: HostId): Ring => {
    let ring = rings.get(hostId);
    if (ring === undefined) {
      const times = new Float64Array(SAMPLES_PER_HOST);
      ring = { times, values: new Float32Array(SAMPLES_PER_HOST * WIDTH), next: 0 };
      rings.set(hostId, ring);
    }
    return ring;
  };
  return {
    add(hostId, vitals, at) {
      const ring = ringOf(hostId);
      ring.times[ring.next] = at;
      VITALS.forEach((vital, column) => {
        ring.values[ring.next * WIDTH + column] = vitals[vital] ?? Number.NaN;
      });
      ring.next = (ring.next + 1) % SAMPLES_PER_HOST;
    },
    forget: (hostId) => void rings.delete(hostId),
    mean(hostId, vital, from) {
      const since = Math.max(from, clock.now() - AGE_MS_MAX);
      const ring = rings.get(hostId);
      if (ring === undefined) return null;
      const column = VITALS.indexOf(vital);
      let sum = 0;
      let count = 0;
      ring.times.forEach((at, row) => {
        const value = ring.values[row * WIDTH + column] ?? Number.NaN;
        if (at === 0 || at < since || Number.isNaN(value)) return;
        sum += value;
        count += 1;
      });
      return count === 0 ? null : sum / count;
    },
  };
}
