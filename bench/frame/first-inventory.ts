import { type StoredFacts, storedFacts, untilSaid } from './fact-progress.ts';
import { type Fleet, openFleet } from './fleet.ts';
import { CONCURRENT, type EnrolledServer, loadArgs, prepareArgs } from './prepared-fleets.ts';
import { cpuSeconds } from './process-usage.ts';
import type { Stage } from './stage.ts';

/** What it took until hosts that had said nothing had said everything. */
export interface InventoryStep {
  readonly hosts: number;
  readonly added: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Between server and hosts, both ways. */
  readonly wireBytes: number;
  readonly before: StoredFacts;
  readonly after: StoredFacts;
}

/** A part of an enrolled fleet, for the server that it was enrolled at or a copy of it. */
export async function openShare(
  server: EnrolledServer,
  share: { first: number; count: number },
): Promise<Fleet> {
  const fleet = await openFleet(share.count, share.first);
  await fleet.each('load', (part) => loadArgs(part, server));
  await fleet.each('prepare', (part) => prepareArgs(part, {}));
  return fleet;
}

/** From the moment at which the connected hosts say what they are. */
export async function firstInventory(
  stage: Stage,
  fleet: Fleet,
  upTo: number,
  measure: (stage: Stage) => Promise<() => Promise<unknown>> = async () => async () => undefined,
): Promise<InventoryStep> {
  await fleet.all('connect', { concurrent: CONCURRENT });
  // A session that breaks while all speak at once is opened again, and what was not said is said.
  await fleet.all('keep', null);
  await stage.probe.ask('stalls');
  const endMeasure = await measure(stage);
  const before = storedFacts(stage);
  const { pid } = stage.server;
  const cpuBefore = cpuSeconds(pid);
  const wire = countWire(fleet);
  const began = performance.now();
  await fleet.all('churn', { kind: 'everyday', day: 0, spreadMs: 0 });
  await untilSaid(stage, upTo);
  const seconds = (performance.now() - began) / 1000;
  await endMeasure();
  return {
    hosts: upTo,
    added: fleet.size,
    seconds,
    cpuSeconds: cpuSeconds(pid) - cpuBefore,
    wireBytes: wire(),
    before,
    after: storedFacts(stage),
  };
}

/** Bytes that passed between a fleet and its server since this was called, both ways, TLS and heartbeats included. */
export function countWire(fleet: Fleet): () => number {
  const sum = (): number => {
    const { sentBytes, receivedBytes } = fleet.traffic();
    return sentBytes + receivedBytes;
  };
  const before = sum();
  return () => sum() - before;
}
