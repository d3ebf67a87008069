import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as contract from '@pilothouse/contract';
import { kernelDeclarations } from './kernel-declarations.ts';

type Table = Readonly<Record<string, unknown>>;

/** Tables of the contract by how they are called: `hostsErrors`, `accessPermissions`. */
const tablesOf = (end: string): [string, Table][] =>
  Object.entries(contract).flatMap(([name, value]): [string, Table][] =>
    name.endsWith(end) && typeof value === 'object' ? [[name, value as Table]] : [],
  );

test('every permission of a room is declared, each name once', () => {
  const declared = Object.values(kernelDeclarations.permissions).map(({ name }) => name);
  const inContract = tablesOf('Permissions').flatMap(([, table]) =>
    Object.values(table).map((each) => (each as { name: string }).name),
  );

  assert.deepEqual(declared.toSorted(), [...new Set(inContract)].toSorted());
  assert.equal(new Set(declared).size, declared.length);
});

test('no room overwrites the text that another gave to the same code', () => {
  const declared: Table = kernelDeclarations.errors;
  for (const [name, table] of tablesOf('Errors')) {
    // Tables of agent and command line are not the kernel's.
    if (!Object.keys(table).every((code) => code in declared)) continue;
    for (const [code, row] of Object.entries(table)) assert.equal(declared[code], row, `${code} of ${name}`);
  }
});
