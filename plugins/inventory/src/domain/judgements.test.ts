import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { USAGE_STEPS } from '../contract.ts';
import { judgeAgentVersion } from './judge-agent-version.ts';
import { judgeKernel } from './judge-kernel.ts';
import { judgeServices } from './judge-services.ts';
import { judgeStorageUsage } from './judge-storage-usage.ts';
import { matchName } from './match-name.ts';
import { usageStep } from './usage-step.ts';

const kernel = (release: string, installedReleases: string[], packages: string[] | null = null) => ({
  release,
  version: '',
  parameters: [],
  taints: [],
  installedReleases,
  rebootRequest: packages === null ? null : { packages },
});

test('a file system is nearly full from 90 %, worse from 95 and 99, of bytes and of inodes', () => {
  const judged = judgeStorageUsage({
    fileSystems: [
      { mountPoint: '/', usedPercentMin: 80, inodesUsedPercentMin: 0 },
      { mountPoint: '/var', usedPercentMin: 90, inodesUsedPercentMin: 99 },
      { mountPoint: '/srv', usedPercentMin: 95, inodesUsedPercentMin: 0 },
    ],
  });

  assert.deepEqual(
    judged.map((one) => [one.key, one.severity]),
    [
      ['/var', 'medium'],
      ['inodes /var', 'critical'],
      ['/srv', 'high'],
    ],
  );
});

test('usage is reported in steps that it has reached, never above itself', () => {
  fc.assert(
    fc.property(fc.nat(10 ** 12), fc.integer({ min: 1, max: 10 ** 12 }), (part, total) => {
      const used = Math.min(part, total);
      const step = usageStep(used, total);
      const next = USAGE_STEPS.find((one) => one > step);

      assert.ok(step <= (used / total) * 100);
      assert.ok(next === undefined || (used / total) * 100 < next);
    }),
  );
  assert.equal(usageStep(0, 0), 0);
});

test('failed units are findings, restarting ones are not', () => {
  const unit = { load: 'loaded', sub: 'x', enabled: null };
  const judged = judgeServices({
    manager: 'systemd',
    units: [
      { ...unit, name: 'a.service', state: 'failed' },
      { ...unit, name: 'b.service', state: 'activating' },
    ],
  });

  assert.deepEqual(judged, [{ key: 'a.service', evidence: { unit: 'a.service', sub: 'x' } }]);
});

test('a reboot is required for a newer kernel of the same flavour or when a package asks', () => {
  const isRequired = (...args: Parameters<typeof kernel>) => judgeKernel(kernel(...args)).length > 0;

  assert.ok(isRequired('6.1.0-18-amd64', ['6.1.0-18-amd64', '6.1.0-21-amd64']));
  assert.ok(isRequired('5.14.0-362.el9.x86_64', ['5.14.0-427.el9.x86_64']));
  assert.ok(isRequired('6.1.0-18-amd64', [], ['libc6']));
  assert.ok(!isRequired('6.1.0-21-amd64', ['6.1.0-18-amd64', '6.1.0-21-amd64']));
  assert.ok(!isRequired('6.1.0-18-amd64', ['6.1.0-21-cloud-amd64']));
  assert.ok(!isRequired('5.14.0-362.el9.x86_64', ['5.14.0-427.el9.x86_64+debug']));
  assert.ok(!isRequired('6.8.0-host', []), 'a container has no kernel of its own');
});

test('an agent below the least version is outdated, a development build passes', () => {
  assert.equal(judgeAgentVersion('0.9.9', '0.10.0').length, 1);
  for (const version of ['0.10.0', '0.10.1', '1.0.0', '0.10.0-rc.1', 'dev', null]) {
    assert.deepEqual(judgeAgentVersion(version, '0.10.0'), []);
  }
});

test('a star matches any characters, as a regular expression would', () => {
  const text = fc.stringMatching(/^[ab]{0,8}$/);
  fc.assert(
    fc.property(fc.stringMatching(/^[ab*]{1,6}$/), text, (pattern, name) => {
      const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name);
      assert.equal(matchName(pattern, name), expected, `${pattern} ${name}`);
    }),
  );
});
