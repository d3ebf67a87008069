import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAppError, type Strategy } from '@pilothouse/contract';
import type { Values } from './command-spec.ts';
import { strategyOf, strategyOptions } from './strategy-options.ts';

/** Parses the options as the command line does: each by its own raw values. */
function said(line: Readonly<Record<string, readonly string[]>>): Partial<Strategy> {
  const values = Object.fromEntries(
    Object.entries(strategyOptions).map(([name, option]) => [name, option.parse(line[name] ?? [])]),
  );
  return strategyOf(values as Values<typeof strategyOptions>); // Each value is what its own option parsed.
}

const codeOf = (line: Parameters<typeof said>[0]): string | null => {
  try {
    said(line);
    return null;
  } catch (error) {
    if (!isAppError(error)) throw error;
    return error.code;
  }
};

test('what is not said is left to the server', () => {
  assert.deepEqual(said({}), {});
});

test('a canary is followed by all others, or by the waves that were asked for', () => {
  assert.deepEqual(said({ canary: ['1'] }).waves, {
    kind: 'staged',
    canary: { hosts: 1 },
    then: [{ percent: 100 }],
  });
  assert.deepEqual(said({ canaryPerBuild: ['os,packages'], waves: ['10%, 2.5%,20'] }).waves, {
    kind: 'staged',
    canary: { perBuild: ['os', 'packages'] },
    then: [{ percent: 10 }, { percent: 2.5 }, { hosts: 20 }],
  });
  assert.deepEqual(said({ batch: ['4'] }).waves, { kind: 'fixed', hostsPerWave: 4 });
  assert.deepEqual(said({ perLabel: ['rack:r7,r2'] }).waves, {
    kind: 'per-label',
    canary: null,
    label: 'rack',
    order: ['r7', 'r2'],
  });
});

test('limits are counts or shares', () => {
  assert.deepEqual(said({ maxFailures: ['2'], waveFailures: ['10%'] }), {
    failuresMax: 2,
    waveFailuresPercentMax: 10,
  });
  assert.deepEqual(said({ maxFailures: ['5%'] }), { failuresPercentMax: 5 });
});

test('a soak watches probes and conditions, and is a plain wait where there is nothing to watch', () => {
  const kinds = (line: Parameters<typeof said>[0]) => said(line).gates?.map((gate) => gate.kind);

  assert.deepEqual(kinds({ soak: ['10m'] }), ['wait']);
  assert.deepEqual(kinds({ soak: ['10m'], probe: ['unit:nginx.service'] }), ['probes']);
  assert.deepEqual(kinds({ soak: ['10m'], check: ['wave.failed == 0'], confirm: ['confirm'] }), [
    'check',
    'confirm',
  ]);
  assert.deepEqual(kinds({ compare: ['load1'] }), ['compare']);
});

test('probes are written on one line each, and get names of their own', () => {
  const { probes } = said({
    probe: ['http:http://127.0.0.1/', 'db=tcp:[::1]:5432', 'command:nginx -t', 'unit:nginx.service'],
  });

  assert.deepEqual(
    probes?.map((probe) => [probe.name, probe.kind]),
    [
      ['http-1', 'http'],
      ['db', 'tcp'],
      ['command-3', 'command'],
      ['unit-4', 'unit'],
    ],
  );
  assert.deepEqual(probes?.[1]?.kind === 'tcp' ? [probes[1].host, probes[1].port] : null, ['::1', 5432]);
});

test('what contradicts itself or does not fit is refused before anything is sent', () => {
  assert.equal(codeOf({ waves: ['10%'], batch: ['3'] }), 'CLI_OPTIONS_CONFLICT');
  assert.equal(codeOf({ canary: ['1'], canaryPerBuild: ['os'] }), 'CLI_OPTIONS_CONFLICT');
  for (const waves of ['0%', '101%', '0', '', '2.5', 'x'])
    assert.equal(codeOf({ waves: [waves] }), 'CLI_VALUE_INVALID');
  for (const probe of ['http:', 'ftp:x', 'tcp:host', 'unit:', 'command:'])
    assert.equal(codeOf({ probe: [probe] }), 'CLI_VALUE_INVALID', probe);
  assert.equal(codeOf({ apart: ['rack'] }), 'CLI_VALUE_INVALID');
  assert.equal(codeOf({ compare: ['load2'] }), 'CLI_VALUE_INVALID');
});

test('windows of a plan are said on the line, each in one word', () => {
  assert.deepEqual(said({ window: ['FREQ=DAILY 2026-01-03T22:00 4h Asia/Shanghai'] }).windows, [
    { rrule: 'FREQ=DAILY', start: '2026-01-03T22:00:00', durationMs: 14_400_000, timeZone: 'Asia/Shanghai' },
  ]);
  assert.equal(codeOf({ window: ['at night'] }), 'CLI_VALUE_INVALID');
});
