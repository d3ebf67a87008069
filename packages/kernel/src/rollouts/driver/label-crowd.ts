import { labelOf, type Strategy } from '@pilothouse/contract';
import type { HostEntry } from '../../hosts/service.ts';

/**
 * How many tasks of a rollout are in flight by the value of one label. The value is the host's at the moment of the
 * claim; hosts without the label count together, as one value.
 */
export interface LabelCrowd {
  valueOf(host: HostEntry): string;
  isFull(value: string): boolean;
  enter(index: number, value: string): void;
  /** The value that the task counted for; null when it did not. */
  leave(index: number): string | null;
}

export function createLabelCrowd(limit: NonNullable<Strategy['inFlightPerLabel']>): LabelCrowd {
  const counts = new Map<string, number>();
  const valueByIndex = new Map<number, string>();
  return {
    valueOf: (host) => labelOf(host.labels, limit.label) ?? '',
    isFull: (value) => (counts.get(value) ?? 0) >= limit.max,
    enter(index, value) {
      if (valueByIndex.has(index)) return;
      valueByIndex.set(index, value);
      counts.set(value, (counts.get(value) ?? 0) + 1);
    },
    leave(index) {
      const value = valueByIndex.get(index) ?? null;
      if (value === null) return null;
      valueByIndex.delete(index);
      counts.set(value, (counts.get(value) ?? 1) - 1);
      return value;
    },
  };
}
