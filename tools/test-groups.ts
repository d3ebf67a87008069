/** Which tests run how. A file's name says what it needs, so that adding a test never means editing a list. */
import { globSync } from 'node:fs';

const ROOTS = ['packages', 'apps', 'plugins', 'lab', 'tools', 'bench'];
const find = (suffix: string): string[] =>
  ROOTS.flatMap((root) =>
    globSync(`${root}/**/*${suffix}`, { exclude: (path) => path.includes('node_modules') }),
  ).sort();

/** Who opens its stores by `openTestStore`. */
const ON_A_STORE =
  /^(packages\/kernel|plugins\/[^/]+)\/src\/(?!agent|cli|domain|select|fronts|rollouts\/(?:engine|simulation))/;

export interface TestGroup {
  readonly name: string;
  readonly files: readonly string[];
  readonly nodeArguments: readonly string[];
  /** Stores of its tests are databases of a PostgreSQL that runs as long as the group. */
  readonly isOnPostgres?: boolean;
  /** Lanes run beside each other, the groups of one lane one after another. */
  readonly lane: 'one process' | 'many processes' | 'hosts';
}

/**
 * unit: pure or in-process, all in one process (a second instead of a minute). system: own process each; touches
 * process state, real sockets, child processes, Debian packages. postgres: the unit tests of what stands on a store once
 * more, on the other engine. stories: real lab hosts, one after another.
 */
export function testGroups(): TestGroup[] {
  const system = find('.system.test.ts');
  const unit = find('.test.ts').filter((file) => !system.includes(file));
  return [
    { name: 'unit', files: unit, nodeArguments: ['--test-isolation=none'], lane: 'one process' },
    { name: 'system', files: system, nodeArguments: ['--test-concurrency=2'], lane: 'many processes' },
    {
      name: 'postgres',
      files: unit.filter((file) => ON_A_STORE.test(file)),
      nodeArguments: ['--test-isolation=none'],
      isOnPostgres: true,
      lane: 'one process',
    },
    {
      name: 'stories',
      files: find('.story.ts'),
      nodeArguments: ['--test-concurrency=1'],
      lane: 'hosts',
    },
  ];
}
