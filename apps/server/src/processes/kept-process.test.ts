import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { type FakeClock, fakeClock } from '@pilothouse/testkit';
import { KeptProcess } from './kept-process.ts';
import type { KeeperWord } from './process-words.ts';

type Manner = 'well' | 'stands by' | 'hangs' | 'does not load' | 'refuses' | 'is not born';

/** A child as its keeper sees it: it says what `manner` says at the moment it is told something. */
class Child extends EventEmitter {
  readonly pid: number | undefined;
  readonly told: string[] = [];
  connected = true;
  manner: Manner;

  constructor(pid: number, manner: Manner) {
    super();
    this.pid = manner === 'is not born' ? undefined : pid;
    this.connected = manner !== 'is not born';
    this.manner = manner;
    queueMicrotask(() => {
      if (manner === 'is not born') this.emit('error', new Error('spawn EAGAIN'));
      else if (manner === 'does not load') this.end();
      else this.emit('message', { kind: 'loaded' });
    });
  }

  send(word: KeeperWord): void {
    this.told.push(word.kind);
    if (word.kind === 'leave') this.end();
    else if (this.manner === 'hangs' || !this.connected) return;
    else if (word.kind === 'alive?') this.emit('message', { kind: 'alive' });
    else if (this.manner === 'stands by') this.emit('message', { kind: 'standing-by', holder: 'another' });
    else if (this.manner === 'well') this.emit('message', { kind: 'ready', pin: null, setupCode: null });
    else this.emit('message', { kind: 'refused', text: 'no', exitCode: 1 });
  }

  kill(signal: string): void {
    this.told.push(signal);
    this.end();
  }

  end(): void {
    if (!this.connected) return;
    this.connected = false;
    this.emit('exit', null, 'SIGKILL');
  }
}

interface World {
  readonly kept: KeptProcess;
  readonly clock: FakeClock;
  readonly children: Child[];
  /** Of those that are born from now on. */
  next: Manner;
  /** What it said that somebody must look at. */
  readonly errors: string[];
}

function open(hasSpare: boolean, silentMax = 5): World {
  const clock = fakeClock();
  const children: Child[] = [];
  const silent = () => undefined;
  const errors: string[] = [];
  const world: World = {
    clock,
    children,
    next: 'well',
    errors,
    kept: new KeptProcess({
      name: 'leader',
      hasSpare,
      silentMax,
      clock,
      random: () => 0.5,
      log: { debug: silent, info: silent, warn: silent, error: (text) => void errors.push(text) },
      spawn() {
        const child = new Child(children.length, world.next);
        children.push(child);
        // Of a child process the keeper uses what Child has.
        return child as unknown as ChildProcess;
      },
    }),
  };
  return world;
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function pass({ clock }: World, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    clock.advance(1_000);
    await settled();
  }
}

const living = ({ children }: World): (number | undefined)[] =>
  children.filter((child) => child.connected).map(({ pid }) => pid);

test('one that dies is started again, and a spare takes its place without being loaded anew', async () => {
  const world = open(true);
  await world.kept.start();
  await pass(world, 20);
  assert.deepEqual(living(world), [0, 1]);

  world.children[0]?.end();
  await pass(world, 2);

  assert.ok(world.children[1]?.told.includes('begin'));
  assert.deepEqual(living(world), [1]);
  await pass(world, 6);
  assert.deepEqual(living(world), [1, 2]);
  await world.kept.end();
  assert.deepEqual(living(world), []);
});

test('one that hangs is ended and replaced', async () => {
  const world = open(false);
  await world.kept.start();
  await pass(world, 20);
  const [first] = world.children;
  assert.ok(first);

  first.manner = 'hangs';
  await pass(world, 8);

  assert.ok(first.told.includes('SIGKILL'));
  assert.deepEqual(living(world), [1]);
  await world.kept.end();
});

test('one that hangs while it starts is ended, after longer, and another is begun', async () => {
  const world = open(false);
  await world.kept.start();
  world.next = 'hangs';
  world.children[0]?.end();
  await pass(world, 120);
  const early = living(world);
  world.next = 'well';
  await pass(world, 90);

  assert.deepEqual(early, [1]);
  assert.ok(world.children[1]?.told.includes('SIGKILL'));
  assert.deepEqual(living(world), [2]);
  await world.kept.end();
});

test('a first one that hangs while it starts is a refusal', async () => {
  const world = open(false);
  world.next = 'hangs';
  const word = world.kept.start();
  await pass(world, 200);
  assert.equal((await word).kind, 'refused');
});

test('one that is silent for less than it may is left alone', async () => {
  const world = open(false, 25);
  await world.kept.start();
  const [first] = world.children;
  assert.ok(first);

  first.manner = 'hangs';
  await pass(world, 20);
  first.manner = 'well';
  await pass(world, 20);

  assert.deepEqual(living(world), [first.pid]);
  await world.kept.end();
});

test('a replacement is a new process, never the spare', async () => {
  const world = open(true);
  await world.kept.start();
  await pass(world, 20);

  const isReplaced = await world.kept.replace(false);

  assert.ok(isReplaced);
  assert.deepEqual(living(world), [2]);
  assert.ok(!world.children[1]?.told.includes('begin'));
  await world.kept.end();
});

test('what does not load, or refuses beside it, leaves the one that works in its place', async () => {
  for (const [next, canBothBe] of [
    ['does not load', false],
    ['does not load', true],
    ['refuses', true],
  ] as const) {
    const world = open(false);
    await world.kept.start();
    world.next = next;

    const isReplaced = await world.kept.replace(canBothBe);

    assert.ok(!isReplaced);
    assert.ok(living(world).includes(0), next);
    assert.ok(!world.children[0]?.told.includes('leave'));
    world.children[1]?.end();
    world.next = 'well';
    world.children[0]?.end();
    await pass(world, 2);
    assert.deepEqual(living(world), [2], 'it is kept as before');
    await world.kept.end();
  }
});

test('one that dies again and again is started ever more seldom', async () => {
  const world = open(false);
  await world.kept.start();
  world.next = 'does not load';

  world.children[0]?.end();
  await pass(world, 60);

  assert.ok(world.children.length > 10 && world.children.length < 40, String(world.children.length));
  await world.kept.end();
});

test('one that stands by has begun; in its turn it may be silent while it reads, and then gets a spare', async () => {
  const world = open(true);
  world.next = 'stands by';

  const word = await world.kept.start();
  const [child] = world.children;
  await world.clock.advance(10_000);
  const before = world.children.length;
  child?.emit('message', { kind: 'taking-over' });
  if (child !== undefined) child.manner = 'hangs';
  await world.clock.advance(30_000);
  child?.emit('message', { kind: 'ready', pin: null, setupCode: null });
  if (child !== undefined) child.manner = 'well';
  await world.clock.advance(6_000);

  assert.equal(word.kind, 'standing-by');
  assert.equal(before, 1);
  assert.equal(child?.told.includes('SIGKILL'), false);
  assert.equal(world.children.length, 2);
});

test('an end in the middle of a replacement ends both, and none is begun after it', async () => {
  for (const canBothBe of [true, false]) {
    const world = open(false);
    await world.kept.start();
    world.next = 'hangs';
    const replaced = world.kept.replace(canBothBe);
    await settled();

    await world.kept.end();
    const isReplaced = await replaced;
    const isReplacedLater = await world.kept.replace(canBothBe);

    assert.deepEqual([isReplaced, isReplacedLater], [false, false]);
    assert.deepEqual(living(world), []);
    assert.equal(world.children.length, 2);
  }
});

test('one that the system had no room for is tried again', async () => {
  const world = open(false);
  await world.kept.start();
  world.next = 'is not born';

  world.children[0]?.end();
  await pass(world, 3);
  world.next = 'well';
  await pass(world, 10);

  assert.equal(living(world).length, 1);
  await world.kept.end();
});

test('one that stood by and is refused its turn says why, and is started again', async () => {
  const world = open(false);
  world.next = 'stands by';
  await world.kept.start();
  const [child] = world.children;

  child?.emit('message', { kind: 'taking-over' });
  child?.emit('message', { kind: 'refused', text: 'STORE_NEWER: no', exitCode: 1 });
  child?.end();
  await pass(world, 2);

  assert.deepEqual(world.errors, ['a process could not take its turn']);
  assert.deepEqual(living(world), [1]);
  await world.kept.end();
});
