import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import { NEVER_RULES, TESTS_MAY } from './never-rules.ts';
import { importsOf, isTest, type SourceFile, sourceFiles } from './source-tree.ts';

const targetOf = (file: SourceFile, specifier: string): string =>
  specifier.startsWith('.') ? posix.join(posix.dirname(file.path), specifier) : specifier;

test('no file imports what its place forbids', () => {
  const offences: string[] = [];
  for (const file of sourceFiles()) {
    for (const { specifier, line } of importsOf(file)) {
      const target = targetOf(file, specifier);
      if (isTest(file.path) && TESTS_MAY.test(target)) continue;
      if (file.path.startsWith('packages/') && specifier.startsWith('.') && samePackage(file.path, target))
        continue;
      for (const rule of NEVER_RULES) {
        if (rule.from.test(file.path) && rule.never.test(target) && rule.except?.test(target) !== true) {
          offences.push(`${file.path}:${line} imports ${specifier}: ${rule.because}`);
        }
      }
    }
  }
  assert.deepEqual(offences, []);
});

/** `npm start` and the tests of whole programs build the bundles that they start. */
const mayLeave = (path: string, specifier: string): boolean =>
  specifier === '../../../tools/build.ts' &&
  (path === 'apps/server/src/start.ts' || /^apps\/[^/]+\/test\//.test(path));
/** Scripts look at everything and nothing builds on them. */
const isScript = (path: string): boolean => /^(tools|lab|bench)\//.test(path);

test('a relative import never leaves its package', () => {
  const offences = sourceFiles().flatMap((file) =>
    importsOf(file)
      .filter(({ specifier }) => !isScript(file.path) && !mayLeave(file.path, specifier))
      .filter(
        ({ specifier }) => specifier.startsWith('.') && !samePackage(file.path, targetOf(file, specifier)),
      )
      .map(({ specifier, line }) => `${file.path}:${line} imports ${specifier}`),
  );
  assert.deepEqual(offences, []);
});

test('a kernel room is imported through its face or its service types', () => {
  const room = /^packages\/kernel\/src\/([a-z]+)\//;
  const offences = sourceFiles().flatMap((file) => {
    const own = room.exec(file.path)?.[1];
    if (!file.path.startsWith('packages/kernel/') || isTest(file.path)) return [];
    return importsOf(file)
      .map(({ specifier, line }) => ({ target: targetOf(file, specifier), specifier, line }))
      .filter(({ target }) => {
        const other = room.exec(target)?.[1];
        return (
          other !== undefined &&
          other !== own &&
          !/\/(index|service|listener)\.ts$/.test(target) &&
          own !== undefined
        );
      })
      .map(({ specifier, line }) => `${file.path}:${line} imports ${specifier}`);
  });
  assert.deepEqual(offences, []);
});

/** Everything outside packages, apps and plugins (lab, tools, bench) counts as one package: they are scripts. */
function samePackage(a: string, b: string): boolean {
  const packageOf = (path: string): string =>
    /^(?:packages|apps|plugins)\/[^/]+/.exec(path)?.[0] ?? 'scripts';
  return packageOf(a) === packageOf(b);
}
