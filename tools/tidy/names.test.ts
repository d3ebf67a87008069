import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import { filesMatching, sourceFiles } from './source-tree.ts';

const VAGUE = /^(utils?|helpers?|common-utils|misc|manager|shared|lib)\.tsx?$/;

test('files are named in kebab-case by the one idea they hold', () => {
  const offences = sourceFiles()
    .map((file) => posix.basename(file.path))
    .filter(
      (name) =>
        !/^[a-z0-9]+(-[a-z0-9]+)*(\.(system|process|fuzz))?(\.(test|story))?(\.d)?\.tsx?$/.test(name) ||
        VAGUE.test(name),
    );
  assert.deepEqual(offences, []);
});

test('nothing names a package registry, a machine path or an unfinished thought without its issue', () => {
  const registry = ['registry', 'npmjs', 'org'].join('.');
  const banned = [
    new RegExp(registry.replaceAll('.', '\\.')),
    /\bdeb\.debian\.org\b/,
    /(^|[\s"'`(=])\/work\//m,
    /(^|[\s"'`(=])\/root\/[a-z]/m,
    /\b(TODO|FIXME|XXX)\b(?! \(#\d+\))/,
  ];
  const offences = filesMatching(/\.(ts|tsx|md|json|sh|mjs|js|yaml|yml|txt|service)$|^\.ci\//)
    .filter((file) => !file.path.startsWith('tools/tidy/') && !/(^|\/)fixtures\//.test(file.path))
    .flatMap((file) =>
      banned.filter((pattern) => pattern.test(file.text)).map((pattern) => `${file.path}: ${pattern}`),
    );
  assert.deepEqual(offences, []);
});

test('no test is skipped, focused or retried', () => {
  const pattern =
    /\b(test|it|describe|suite)\.(skip|only|todo)\b|\b(skip|only|todo): *(true|['"`])|\bt\.(skip|todo)\(/;
  const offences = filesMatching(/\.(test|story)\.ts$/)
    .filter((file) => !file.path.startsWith('tools/tidy/') && pattern.test(file.text))
    .map((file) => file.path);
  assert.deepEqual(offences, []);
});

test('a lint suppression and a cast carry their reason', () => {
  const offences = sourceFiles().flatMap((file) =>
    file.text
      .split('\n')
      .map((line, index) => ({ line, at: `${file.path}:${index + 1}` }))
      .filter(({ line }) =>
        /(oxlint|eslint)-disable(?!.* -- )|@ts-(ignore|nocheck|expect-error)(?!.*: )/.test(line),
      )
      .filter(({ at }) => !at.startsWith('tools/tidy/'))
      .map(({ at }) => at),
  );
  assert.deepEqual(offences, []);
});
