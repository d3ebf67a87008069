/** Every reader of what programs of a host print, over text that nobody would print. For long: `npm run fuzz`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzParameters, hostileText } from '@pilothouse/testkit/fuzz';
import fc from 'fast-check';
import { commandLineOf, parseProcStat, userIdOf } from './group-processes.ts';
import { bootParameters, installedReleases, rebootPackages, taintsOf } from './kernel-state.ts';
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

/** Of the processor's time; a case takes well below a millisecond. */
const CASE_MS_MAX = 1_000;

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
  hostileText,
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((pieces) => pieces.join('')),
);

for (const [name, read] of Object.entries(READERS)) {
  test(`${name} takes any text within a second without throwing, and gives valid text back`, (t) => {
    fc.assert(
      fc.property(anyText, (text) => {
        const before = process.cpuUsage();
        const answer = JSON.stringify(read(text));
        const { user } = process.cpuUsage(before);
        assert.ok(user / 1_000 < CASE_MS_MAX, `${user / 1_000} ms for ${text.slice(0, 200)}`);
        assert.ok(
          !/\\ud[89a-f]/i.test(answer),
          'a lone surrogate would make the fact no valid JSON elsewhere',
        );
      }),
      fuzzParameters(t, { runs: 100 }),
    );
  });

  test(`${name} is not held up by a line of 300,000 characters`, () => {
    for (const piece of ['x', ' ', '=', ':', 'a b ', '"', '0', '/', '-', '*', '\t', '1.']) {
      read(piece.repeat(Math.ceil(300_000 / piece.length)));
    }
  });
}
