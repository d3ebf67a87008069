import {
  type ComparedVital,
  ComparedVital as ComparedVitals,
  type HostId,
  type Vitals,
} from '@pilothouse/contract';

/** Five minutes of heartbeats: 840 bytes a host, 8 MB for ten thousand. */
const SAMPLES_PER_HOST = 30;
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
  /** Mean of the kept samples at or after `since`; null without one. */
  mean(hostId: HostId, vital: ComparedVital, since: number): number | null;
}

export function createVitalSamples(): VitalSamples {
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
    mean(hostId, vital, since) {
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
