import { z } from 'zod';
import { RuleName } from './budget.ts';
import { HostId } from './host-id.ts';
import { Timestamp } from './scalars.ts';
import { PlanWindow } from './strategy.ts';

/** RFC 5545: `rrule` without DTSTART; `start` and the rule's times are local times of `timeZone`. */
export const Recurrence = PlanWindow.pick({ rrule: true, timeZone: true, start: true });
export type Recurrence = z.infer<typeof Recurrence>;

const common = {
  name: RuleName,
  reason: z.string().max(500),
  changedBy: z.string(),
  changedAt: Timestamp,
  /** Who made it, and when; absent where a server of the first releases kept only the last change. */
  madeBy: z.string().optional(),
  madeAt: Timestamp.optional(),
  etag: z.string(),
};

/** When hosts may be changed: a host with windows is open in any of them and closed otherwise. */
export const Window = PlanWindow.extend({ ...common, selector: z.string().min(1).max(4096) });
export type Window = z.infer<typeof Window>;

/** From one moment to another, or again and again. */
export const FreezeSpan = z.union([z.object({ from: Timestamp, to: Timestamp }), PlanWindow]);
export type FreezeSpan = z.infer<typeof FreezeSpan>;

/** When hosts may not be changed, whatever windows say. `selector` null: all hosts, also those to come. */
export const Freeze = z.object({
  ...common,
  selector: z.string().min(1).max(4096).nullable(),
  span: FreezeSpan,
});
export type Freeze = z.infer<typeof Freeze>;

/** `to` is not part of it. */
export const OpenSpan = z.object({ from: Timestamp, to: Timestamp });
export type OpenSpan = z.infer<typeof OpenSpan>;

/** What a window or a freeze means at this moment, beside what it says. */
const meaning = {
  /** Whether it holds now: a window is open, a freeze closes. */
  isOn: z.boolean(),
  /** The next times at which it holds; the one under way first, counted from now. Empty: it never will again. */
  next: z.array(OpenSpan),
  /** Whom it covers, of the hosts that the reader may see; names are cut at a few. */
  hostsCount: z.number().int(),
  hosts: z.array(z.object({ hostId: HostId, hostName: z.string() })),
  /** Hosts of which it cannot be decided for want of facts: they count as closed. */
  undeterminedCount: z.number().int(),
};
export const WindowView = Window.extend(meaning);
export type WindowView = z.infer<typeof WindowView>;
export const FreezeView = Freeze.extend(meaning);
export type FreezeView = z.infer<typeof FreezeView>;
