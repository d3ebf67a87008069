import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { commandLineOf, parseProcStat, userIdOf } from './group-processes.ts';
import {
  bootParameters,
  compareReleases,
  installedReleases,
  rebootPackages,
  taintsOf,
} from './kernel-state.ts';
import { listFileSystems } from './list-file-systems.ts';
import { parseGroup, parsePasswd, parseShadow, sudoGrantees } from './parse-accounts.ts';
import { parseApkInstalled } from './parse-apk-installed.ts';
import { parseApkRepositories, parseDeb822Sources, parseSourcesList } from './parse-apt-sources.ts';
import { parseAssignments } from './parse-assignments.ts';
import { parseCpuinfo } from './parse-cpuinfo.ts';
import { parseAnacrontab, parseCrontab, parseTimers } from './parse-crontab.ts';
import { parseMemoryModules } from './parse-dmidecode.ts';
import { parseDnfRepositories } from './parse-dnf-repositories.ts';
import { parseDpkgStatus } from './parse-dpkg-status.ts';
import { parseIpAddress, parseIpRoute } from './parse-ip.ts';
import { parseMountinfo } from './parse-mountinfo.ts';
import { parseProcNet } from './parse-proc-net.ts';
import { parseResolvConf } from './parse-resolv-conf.ts';
import { parseRpmList } from './parse-rpm-list.ts';
import { parseSs } from './parse-ss.ts';
import {
  parseLogicalVolumes,
  parseMdstat,
  parsePhysicalVolumes,
  parseSwaps,
  parseVolumeGroups,
} from './parse-storage.ts';
import { parseSysctl } from './parse-sysctl.ts';
import { mergeUnits, parseShowUnits } from './parse-systemctl.ts';
import { apparmorProfiles, isSecureBootOn, lockdownOf } from './security-state.ts';
import { unitOfCgroup } from './unit-of-cgroup.ts';

const crontab = { file: '/etc/crontab', hasUser: true, user: null };

/** Every function that reads foreign text, by name. */
const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  parsePasswd: (text) => parsePasswd(text, parseShadow(text)),
  parseGroup,
  sudoGrantees,
  parseApkInstalled,
  parseSourcesList: (text) => parseSourcesList(text, 'f'),
  parseDeb822Sources: (text) => parseDeb822Sources(text, 'f'),
  parseApkRepositories: (text) => parseApkRepositories(text, 'f'),
  parseAssignments,
  parseCpuinfo,
  parseCrontab: (text) => parseCrontab(text, crontab),
  parseAnacrontab: (text) => parseAnacrontab(text, 'f'),
  parseTimers,
  parseMemoryModules,
  parseDnfRepositories: (text) => parseDnfRepositories(text, 'f'),
  parseDpkgStatus,
  parseIpAddress,
  parseIpRoute: (text) => parseIpRoute(text, 'ipv4'),
  parseMountinfo: (text) => listFileSystems(parseMountinfo(text).value),
  parseProcNet: (text) => parseProcNet(`header\n${text}`, 'tcp'),
  parseResolvConf,
  parseRpmList,
  parseSs,
  parseStorage: (text) =>
    [parseSwaps, parseMdstat, parseVolumeGroups, parseLogicalVolumes, parsePhysicalVolumes].map((parse) =>
      parse(text),
    ),
  parseSysctl,
  parseShowUnits: (text) => mergeUnits(parseShowUnits(text).value, new Map()),
  kernelState: (text) => [
    bootParameters(text),
    taintsOf(text),
    rebootPackages(text),
    installedReleases([text], [text]),
  ],
  securityState: (text) => [apparmorProfiles(text), isSecureBootOn(text), lockdownOf(text)],
  processes: (text) => [commandLineOf(text), parseProcStat(text), userIdOf(text), unitOfCgroup(text)],
};

/** Pieces that these formats are made of, so that chance reaches the inner branches too. */
const PIECES =
  '\n|\n\n|\t| |:|=|;|"|\'|\\|\0|#|[|]|{ OnCalendar=|Id=|a.service|Package: |Status: install ok installed|P:|deb |http://u:p@h|inet 1.2.3.4/8|1: lo: <UP> mtu 1|default via|nameserver |tcp LISTEN 0 0 *:22|md0 : active raid1|0:|@daily |* * * * *|Handle |Memory Device|\tSize: 4 GB|x:x:0:0:|é|\ud800|kernel.a = |processor : 0|12345678901234567890'.split(
    '|',
  );
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((pieces) => pieces.join('')),
);

for (const [name, read] of Object.entries(READERS)) {
  test(`${name} takes any text without throwing, and gives valid text back`, () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const answer = JSON.stringify(read(text));
        assert.ok(
          !/\\ud[89a-f]/i.test(answer),
          'a lone surrogate would make the fact no valid JSON elsewhere',
        );
      }),
    );
  });

  test(`${name} is not held up by a line of 300,000 characters`, () => {
    for (const piece of ['x', ' ', '=', ':', 'a b ', '"', '0', '/', '-', '*', '\t', '1.']) {
      read(piece.repeat(Math.ceil(300_000 / piece.length)));
    }
  });
}

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
