import type { EngineConfig, EngineWave } from './state.ts';

/** Waves of equal size over so many tasks, in order: for tests of the engine. */
export const equalWaves = (
  tasksCount: number,
  hostsPerWave: number,
  rules: Partial<Pick<EngineWave, 'failuresMax' | 'isCanary' | 'gates'>> = {},
): EngineWave[] =>
  Array.from({ length: Math.ceil(tasksCount / hostsPerWave) }, (_, wave) => ({
    name: String(wave + 1),
    indexes: Array.from(
      { length: Math.min(hostsPerWave, tasksCount - wave * hostsPerWave) },
      (_each, n) => wave * hostsPerWave + n,
    ),
    failuresMax: null,
    isCanary: false,
    gates: [],
    ...rules,
  }));

/** A rollout in one wave that allows everything. */
export const testConfig = (
  now: number,
  tasksCount: number,
  changes: Partial<EngineConfig> = {},
): EngineConfig => ({
  rolloutId: 'r_1',
  inFlightMax: 10,
  failuresMax: null,
  offline: 'wait',
  taskTimeoutMs: 60_000,
  notBefore: now,
  expiresAt: now + 3_600_000,
  waves: equalWaves(tasksCount, Math.max(1, tasksCount)),
  onFailure: 'halt',
  answerMsMax: 120_000,
  ...changes,
});
