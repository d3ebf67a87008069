import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareReleases } from './kernel-state.ts';
import { parseRpmList } from './parse-rpm-list.ts';
import { unitOfCgroup } from './unit-of-cgroup.ts';

test('kernel releases are ordered as their packages are', () => {
  for (const [older, newer] of [
    ['6.1.0-9-amd64', '6.1.0-18-amd64'],
    ['3.10.0-1160.el7.x86_64', '3.10.0-1160.71.1.el7.x86_64'],
    ['5.10.0-60.18.0.50.oe2203.x86_64', '5.10.0-136.12.0.86.oe2203sp1.x86_64'],
    ['5.14.0-362.el9', '5.14.0-427.el9'],
  ] as const) {
    assert.ok(compareReleases(older, newer) < 0, `${older} < ${newer}`);
    assert.ok(compareReleases(newer, older) > 0);
    assert.equal(compareReleases(older, older), 0);
  }
});

test('an unknown line is counted and the rest is kept', () => {
  const parsed = parseRpmList('what is this\nglibc\t(none)\t2.34\t1\tx86_64\t(none)\t(none)\n');

  assert.equal(parsed.unknownLines, 1);
  assert.deepEqual(parsed.value, [
    { name: 'glibc', version: '2.34-1', arch: 'x86_64', source: null, origin: null },
  ]);
});

test('the order of a tool does not change the fact', () => {
  const line = fc
    .record({ name: fc.stringMatching(/^[a-z]{1,4}$/), version: fc.stringMatching(/^[0-9.]{1,4}$/) })
    .map(({ name, version }) => `${name}\t(none)\t${version}\t1\tnoarch\t(none)\t(none)`);
  fc.assert(
    fc.property(fc.uniqueArray(line, { maxLength: 20 }), (lines) => {
      assert.deepEqual(parseRpmList(lines.toReversed().join('\n')), parseRpmList(lines.join('\n')));
    }),
  );
});

test('a process knows its unit, and a session or container by its kind alone', () => {
  assert.equal(unitOfCgroup('0::/system.slice/nginx.service\n'), 'nginx.service');
  assert.equal(unitOfCgroup('3:cpu:/x\n1:name=systemd:/system.slice/sshd.service\n'), 'sshd.service');
  assert.equal(unitOfCgroup('0::/user.slice/user-1000.slice/session-42.scope\n'), 'session.scope');
  assert.equal(
    unitOfCgroup('0::/user.slice/user-1000.slice/user@1000.service/app.slice/a.service\n'),
    'a.service',
  );
  assert.equal(unitOfCgroup('0::/system.slice/docker-0123456789abcdef0123.scope\n'), 'docker-container');
  assert.equal(unitOfCgroup('0::/\n'), null);
});
