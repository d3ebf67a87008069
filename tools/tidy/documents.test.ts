import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { test } from 'node:test';
import { testGroups } from '../test-groups.ts';
import { filesMatching, ROOT } from './source-tree.ts';

const documents = filesMatching(/\.md$/).filter((file) => !/(^|\/)fixtures\//.test(file.path));

test('every file that a document names in code style exists', () => {
  const offences: string[] = [];
  for (const document of documents) {
    for (const [, path] of document.text.matchAll(
      /`((?:packages|apps|plugins|lab|tools|bench|docs)\/[\w./-]+)`/g,
    )) {
      if (path !== undefined && !existsSync(join(ROOT, path)))
        offences.push(`${document.path} names ${path}`);
    }
  }
  assert.deepEqual(offences, []);
});

test('every relative link of a document leads somewhere', () => {
  const offences: string[] = [];
  for (const document of documents) {
    for (const [, link] of document.text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)) {
      const target = posix.join(posix.dirname(document.path), link ?? '');
      if (!existsSync(join(ROOT, target))) offences.push(`${document.path} links to ${link}`);
    }
  }
  assert.deepEqual(offences, []);
});

test('every attack that the threat model lists is held by tests that run', () => {
  const run = new Set(testGroups().flatMap(({ files }) => files));
  const model = documents.find(({ path }) => path === 'docs/security.md')?.text ?? '';
  const tables = model.split('| attack | what holds | test |\n').slice(1);
  const rows = tables.flatMap((table) => /^(?:\|.*\n)*/.exec(table)?.[0].split('\n').slice(1, -1) ?? []);

  const offences = rows.filter((row) => {
    const tests = [...(row.split('|').at(-2) ?? '').matchAll(/`([^`]+)`/g)].map(([, path]) => path ?? '');
    return tests.length === 0 || !tests.every((path) => run.has(path));
  });

  assert.ok(rows.length > 20, `${rows.length} attacks were read`);
  assert.deepEqual(offences, []);
});

test('every dependency of a manifest has its line, and every line its dependency', () => {
  const listed = new Set<string>();
  const table = documents.find((document) => document.path === 'docs/dependencies.md')?.text ?? '';
  for (const [, cell] of table.matchAll(/^\| ([^|]+) \|/gm)) {
    for (const name of (cell ?? '').split(','))
      if (!/^(-+|package)$/.test(name.trim())) listed.add(name.trim());
  }
  const needed = new Set<string>();
  for (const manifest of filesMatching(/(^|\/)package\.json$/)) {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(manifest.text) as Record<
      string,
      object | undefined
    >; // the manifest format
    for (const list of [dependencies, devDependencies, optionalDependencies]) {
      for (const name of Object.keys(list ?? {})) if (!name.startsWith('@pilothouse/')) needed.add(name);
    }
  }
  assert.deepEqual([...listed].sort(), [...needed].sort());
});

test('every decision record has its number once', () => {
  const numbers = documents
    .map((file) => /^docs\/adr\/(\d{4})-/.exec(file.path)?.[1])
    .filter((number) => number !== undefined);
  assert.equal(new Set(numbers).size, numbers.length);
});
