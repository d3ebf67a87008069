import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createHostAccess } from '@pilothouse/agent-kit';
import { collectFacts } from './collect-facts.ts';
import { FIXTURES, fixtureHost } from './fixture-host.ts';

/** Facts that hold still on a machine where other programs run meanwhile. */
const STEADY = [
  'os',
  'hardware',
  'identity',
  'packages',
  'repositories',
  'accounts',
  'security',
  'parameters',
];

test('this machine collected twice gives equal digests', async () => {
  const host = createHostAccess();
  const [first, second] = [await collectFacts(host), await collectFacts(host)];

  for (const fact of STEADY) {
    assert.equal(second.get(fact)?.digest, first.get(fact)?.digest, fact);
  }
  assert.equal(first.get('os')?.absence, null);
  assert.equal(first.get('packages')?.absence, null);
});

test('every fact of this machine fits its schema and its size', async () => {
  for (const { fact, sizeBytes } of (await collectFacts(createHostAccess())).values()) {
    assert.ok(sizeBytes <= fact.sizeBytesMax, fact.name);
  }
});

test('two hosts of one build share every shared fact, and no other one names them', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'inventory-'));
  try {
    cpSync(join(FIXTURES, 'debian-12'), directory, { recursive: true });
    const at = (path: string) => join(directory, 'root', path);
    writeFileSync(at('proc/sys/kernel/hostname'), 'web2\n');
    writeFileSync(at('etc/machine-id'), 'b4d0c3a25b2f4d6c9d53a1c1a2f0e0aa\n');
    writeFileSync(
      at('proc/cmdline'),
      'BOOT_IMAGE=/boot/vmlinuz-6.1.0-18-amd64 root=UUID=aaaaaaaa-0000-4d8d-9a35-0a3bb2a1c001 ro quiet ip=192.0.2.77::192.0.2.1:255.255.255.0:web2:eth0:off luks.token=other\n',
    );
    writeFileSync(at('proc/uptime'), '77777.00 100.00\n');

    const one = await collectFacts(fixtureHost(join(FIXTURES, 'debian-12')));
    const two = await collectFacts(fixtureHost(directory));

    for (const { fact, digest } of one.values()) {
      if (fact.isShared) assert.equal(two.get(fact.name)?.digest, digest, fact.name);
    }
    assert.notEqual(two.get('identity')?.digest, one.get('identity')?.digest);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('an ordinary user is told what is missing rather than shown less in silence', async () => {
  const facts = await collectFacts(fixtureHost(join(FIXTURES, 'rocky-9'), { isRoot: false }));
  const bodyOf = (fact: string) => JSON.stringify(facts.get(fact)?.body);

  assert.match(bodyOf('identity'), /"isPartial":true/);
  assert.match(bodyOf('storage'), /"lvm":null/);
  assert.match(bodyOf('hardware'), /"modules":null/);
});
