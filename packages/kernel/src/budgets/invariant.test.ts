import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Budget, BudgetLimit } from '@pilothouse/contract';
import fc from 'fast-check';
import { offlineEntry } from '../hosts/offline-entry.ts';
import type { HostEntry } from '../hosts/service.ts';
import { allowedDown } from './allowed-down.ts';
import {
  type BudgetRoll,
  createBudgetRoll,
  domainsOf,
  dropBudget,
  noteHost,
  putBudget,
  setFailing,
} from './budget-roll.ts';
import { createLeaseLedger, type LeaseLedger } from './lease-ledger.ts';

const GRACE_MS = 60_000;
const HOSTS = 8;

type Step =
  | { kind: 'take' | 'end' | 'lose' | 'drop'; host: number; rollout: number; interrupts: 'service' | 'host' }
  | {
      kind: 'offline' | 'online' | 'maintain' | 'back' | 'break' | 'mend' | 'leave' | 'quarantine';
      host: number;
    }
  | { kind: 'label'; host: number; rack: string | null; verdict: 'true' | 'false' | 'unknown' }
  | { kind: 'wait'; ms: number }
  | { kind: 'budget'; name: string; budget: Pick<Budget, 'limit' | 'per' | 'counts'> | null };

const limit: fc.Arbitrary<BudgetLimit> = fc.oneof(
  fc.record({ hosts: fc.integer({ min: 0, max: 3 }) }),
  fc.record({ percent: fc.integer({ min: 0, max: 100 }) }),
  fc.constant({ quorum: true as const }),
);
const host = fc.integer({ min: 0, max: HOSTS - 1 });
const budget = fc.record({
  limit,
  per: fc.constantFrom(null, 'rack'),
  counts: fc.constantFrom('any' as const, 'host' as const),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'take' as const,
        'take' as const,
        'end' as const,
        'lose' as const,
        'drop' as const,
      ),
      host,
      rollout: fc.integer({ min: 0, max: 1 }),
      interrupts: fc.constantFrom('service' as const, 'host' as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        ...([
          'offline',
          'online',
          'online',
          'maintain',
          'back',
          'break',
          'mend',
          'leave',
          'quarantine',
        ] as const),
      ),
      host,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('label' as const),
      host,
      rack: fc.constantFrom(null, 'r1', 'r2'),
      verdict: fc.constantFrom('true' as const, 'true' as const, 'false' as const, 'unknown' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: GRACE_MS }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('budget' as const),
      name: fc.constantFrom('a', 'b'),
      budget: fc.option(budget),
    }),
  },
);

/** What is true of a host, told apart from how the roll keeps it. */
interface Truth {
  entry: HostEntry;
  verdict: 'true' | 'false' | 'unknown';
  offlineSince: number | null;
  isBroken: boolean;
  readonly leases: Map<string, 'service' | 'host'>;
}

class World {
  now = 1_000_000;
  readonly hosts = new Map<string, Truth>();
  readonly budgets = new Map<string, Budget>();
  readonly roll: BudgetRoll;
  readonly ledger: LeaseLedger;

  constructor() {
    const clock = { now: () => this.now, monotonic: () => this.now };
    this.roll = createBudgetRoll({ clock, graceMs: GRACE_MS, onRoom: () => {} });
    this.ledger = createLeaseLedger({
      clock,
      roll: this.roll,
      isOnline: (id) => this.hosts.get(id)?.entry.isOnline === true,
    });
    for (let index = 0; index < HOSTS; index++) this.join(`h${index}`, index);
    for (const id of this.hosts.keys()) this.update(id, { isOnline: true });
  }

  join(id: string, index: number): void {
    const row = { id, name: id, state: 'active' as const, machineId: id, firstSeen: 0, version: 1 };
    const labels = { rack: index % 2 === 0 ? 'r1' : 'r2' };
    const entry = offlineEntry(
      { ...row, maintenance: null, quarantine: null },
      { labels, groups: [], presence: null },
    );
    this.hosts.set(id, {
      entry,
      verdict: 'true',
      offlineSince: -Infinity,
      isBroken: false,
      leases: new Map(),
    });
    noteHost(this.roll, id, entry);
  }

  update(id: string, change: Partial<HostEntry>): void {
    const truth = this.hosts.get(id);
    if (truth === undefined) return;
    if (change.isOnline === true) truth.offlineSince = null;
    if (change.isOnline === false && truth.entry.isOnline) truth.offlineSince = this.now;
    truth.entry = { ...truth.entry, ...change };
    noteHost(this.roll, id, truth.entry);
    this.ledger.presenceChanged(id);
  }

  /** Counted from nothing. */
  downIn(of: Budget, value: string | null): { down: number; allowed: number } {
    let [down, members] = [0, 0];
    for (const truth of this.hosts.values()) {
      const domain = of.per === null ? null : (truth.entry.labels[of.per] ?? '');
      if (truth.verdict === 'false' || domain !== value) continue;
      if (truth.verdict === 'true' && truth.entry.state === 'active') members += 1;
      if (this.isDown(truth, of)) down += 1;
    }
    return { down, allowed: allowedDown(of.limit, members) };
  }

  isDown({ entry, verdict, offlineSince, isBroken, leases }: Truth, { counts }: Budget): boolean {
    const isLeased = [...leases.values()].some((interrupts) => counts === 'any' || interrupts === 'host');
    const isGone = offlineSince !== null && this.now >= offlineSince + GRACE_MS;
    const isAside = entry.isInMaintenance || entry.state === 'quarantined';
    return isLeased || isGone || isAside || isBroken || verdict === 'unknown';
  }

  /** Takes a lease and, when it is granted, judges whether it should have been. */
  take(id: string, taskId: string, interrupts: 'service' | 'host'): void {
    const truth = this.hosts.get(id);
    const known = this.ledger.leases.get(taskId);
    const answer = this.ledger.take({ hostId: id, taskId, rolloutId: taskId, interrupts });
    if (truth === undefined || (known !== undefined && known.endedAt === null)) return;
    const covering = [...this.budgets.values()].filter(
      ({ counts }) => truth.verdict !== 'false' && (counts === 'any' || interrupts === 'host'),
    );
    const full = covering.filter((of) => {
      const domain = of.per === null ? null : (truth.entry.labels[of.per] ?? '');
      const { down, allowed } = this.downIn(of, domain);
      return down + (this.isDown(truth, of) ? 0 : 1) > allowed;
    });
    assert.deepEqual(
      answer.kind === 'refused' ? answer.budgets.map(({ name }) => name).sort() : [],
      full.map(({ name }) => name).sort(),
    );
    if (answer.kind === 'granted') truth.leases.set(taskId, interrupts);
  }

  apply(step: Step): void {
    if (step.kind === 'wait') {
      this.now += step.ms;
      return;
    }
    if (step.kind === 'budget') {
      this.setBudget(step.name, step.budget);
      return;
    }
    const id = `h${step.host}`;
    const truth = this.hosts.get(id);
    if (step.kind === 'label') {
      if (truth === undefined) return;
      truth.verdict = step.verdict;
      this.update(id, { labels: step.rack === null ? {} : { rack: step.rack } });
      return;
    }
    if (step.kind === 'take' || step.kind === 'end' || step.kind === 'lose' || step.kind === 'drop') {
      const taskId = `t${step.rollout}.${step.host}`;
      if (step.kind === 'take') this.take(id, taskId, step.interrupts);
      else if (step.kind === 'drop') this.ledger.drop({ taskId });
      else this.ledger.giveBack({ rolloutId: taskId, taskId, hostId: id, isHostsWord: step.kind === 'end' });
      // Whether the lease has ended is the ledger's to say and tested beside it.
      if (!this.ledger.leases.has(taskId)) truth?.leases.delete(taskId);
      return;
    }
    this.moveHost(id, step.kind, truth);
  }

  setBudget(name: string, budget: Pick<Budget, 'limit' | 'per' | 'counts'> | null): void {
    if (budget === null) {
      this.budgets.delete(name);
      dropBudget(this.roll, name);
      return;
    }
    const rest = { selector: 'true', reason: '', changedBy: 'ada', changedAt: '', etag: '1' };
    const whole: Budget = { name, ...budget, ...rest };
    this.budgets.set(name, whole);
    putBudget(this.roll, whole, (entry) => this.hosts.get(entry.id)?.verdict ?? 'false');
  }

  moveHost(id: string, kind: Step['kind'], truth: Truth | undefined): void {
    if (kind === 'leave') {
      this.ledger.hostLeft(id);
      this.hosts.delete(id);
      noteHost(this.roll, id, null);
      return;
    }
    if (truth === undefined) {
      if (kind === 'online') this.join(id, Number(id.slice(1)));
      return;
    }
    if (kind === 'online') this.ledger.heard(id, new Set());
    if (kind === 'online' || kind === 'offline') this.update(id, { isOnline: kind === 'online' });
    if (kind === 'maintain' || kind === 'back') this.update(id, { isInMaintenance: kind === 'maintain' });
    if (kind === 'quarantine')
      this.update(id, { state: truth.entry.state === 'active' ? 'quarantined' : 'active' });
    if (kind === 'break' || kind === 'mend') {
      truth.isBroken = kind === 'break';
      setFailing(this.roll, { hostId: id, source: 'probe' }, truth.isBroken);
    }
    for (const taskId of truth.leases.keys())
      if (!this.ledger.leases.has(taskId)) truth.leases.delete(taskId);
  }

  check(): void {
    for (const of of this.budgets.values())
      for (const domain of domainsOf(this.roll, of.name)) {
        const { down, allowed } = this.downIn(of, domain.value);
        assert.deepEqual(
          { down: domain.down, allowed: allowedDown(of.limit, domain.members) },
          { down, allowed },
        );
      }
  }
}

test('no disruption starts beyond a budget, and the sums are those counted from nothing, whatever happens in what order', () => {
  fc.assert(
    fc.property(budget, budget, fc.array(step, { maxLength: 60 }), (first, second, steps) => {
      const world = new World();
      world.setBudget('a', first);
      world.setBudget('b', second);
      for (const each of steps) {
        world.apply(each);
        world.check();
      }
    }),
    { numRuns: 500 },
  );
});

test('a share is rounded down, and a quorum leaves more than half', () => {
  assert.equal(allowedDown({ percent: 10 }, 19), 1);
  assert.equal(allowedDown({ percent: 10 }, 9), 0);
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 7].map((members) => allowedDown({ quorum: true }, members)),
    [0, 0, 0, 1, 1, 2, 3],
  );
});
