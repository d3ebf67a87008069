import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  accountsFact,
  hardwareFact,
  identityFact,
  kernelFact,
  modulesFact,
  networkFact,
  osFact,
  packagesFact,
  parametersFact,
  processesFact,
  repositoriesFact,
  schedulesFact,
  securityFact,
  servicesFact,
  socketsFact,
  storageFact,
  storageUsageFact,
} from '../src/contract.ts';
import { collectBody, collectFacts } from './collect-facts.ts';
import { FIXTURES, fixtureHost } from './fixture-host.ts';

const host = (name: string, options: { isRoot?: boolean } = {}) => fixtureHost(join(FIXTURES, name), options);

for (const name of readdirSync(FIXTURES)) {
  test(`every collector reads ${name} whole, within its size and the same twice`, async () => {
    const first = await collectFacts(host(name));
    const second = await collectFacts(host(name));

    for (const { fact, digest, sizeBytes, unknownLines } of first.values()) {
      assert.equal(unknownLines, 0, `${fact.name} has unknown lines`);
      assert.ok(sizeBytes <= fact.sizeBytesMax, `${fact.name} is too large`);
      assert.equal(second.get(fact.name)?.digest, digest, fact.name);
    }
    for (const fact of ['os', 'kernel', 'packages', 'accounts', 'storage']) {
      assert.equal(first.get(fact)?.absence, null, fact);
    }
  });
}

test('tells the systems apart by os-release', async () => {
  const bodies = await Promise.all(readdirSync(FIXTURES).map((name) => collectBody(host(name), osFact)));
  const seen = bodies.map((os) => `${os.id} ${os.versionId} ${os.family} ${os.initSystem}`);

  assert.deepEqual(seen.sort(), [
    'alpine 3.19.1 alpine openrc',
    'centos 7 rhel systemd',
    'debian 12 debian systemd',
    'openEuler 22.03 rhel systemd',
    'openEuler 24.03 rhel systemd',
    'rocky 9.4 rhel systemd',
  ]);
});

test('packages carry epoch, arch, source and origin as their system prints them', async () => {
  const find = async (name: string, wanted: string) => {
    const body = await collectBody(host(name), packagesFact);
    return [body.system, ...body.packages.filter((p) => p.name === wanted)];
  };

  assert.deepEqual(await find('openeuler-24.03', 'openssl-libs'), [
    'rpm',
    {
      name: 'openssl-libs',
      version: '1:3.0.12-4.oe2403',
      arch: 'x86_64',
      source: 'openssl-libs',
      origin: 'http://openeuler.org',
    },
  ]);
  assert.deepEqual(await find('debian-12', 'libssl3'), [
    'dpkg',
    {
      name: 'libssl3',
      version: '3.0.19-1~deb12u2',
      arch: 'amd64',
      source: 'openssl',
      origin: 'Debian OpenSSL Team <pkg-openssl-devel@alioth-lists.debian.net>',
    },
  ]);
  assert.equal((await find('centos-7', 'kernel')).length, 3);
  assert.deepEqual((await find('alpine-3.19', 'busybox-binsh'))[1], {
    name: 'busybox-binsh',
    version: '1.36.1-r15',
    arch: 'x86_64',
    source: 'busybox',
    origin: null,
  });
});

test('the kernel says what could boot and hides what names the host', async () => {
  const kernel = await collectBody(host('debian-12'), kernelFact);

  assert.deepEqual(kernel, {
    release: '6.1.0-18-amd64',
    version: '#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)',
    parameters: [
      'BOOT_IMAGE=/boot/vmlinuz-6.1.0-18-amd64',
      'root=UUID=UUID',
      'ro',
      'quiet',
      'ip=***',
      'luks.token=***',
    ],
    taints: ['out-of-tree-module'],
    installedReleases: ['6.1.0-18-amd64', '6.1.0-21-amd64', '6.1.0-30-cloud-amd64'],
    rebootRequest: { packages: ['libc6', 'linux-image-6.1.0-21-amd64'] },
  });
  assert.deepEqual((await collectBody(host('centos-7'), kernelFact)).installedReleases, [
    '3.10.0-1160.el7.x86_64',
    '3.10.0-1160.71.1.el7.x86_64',
  ]);
});

test('services keep what is installed and leave out what lives as long as a login', async () => {
  const { units } = await collectBody(host('rocky-9'), servicesFact);
  const debian = await collectBody(host('debian-12'), servicesFact);
  const enabledOf = (name: string) => debian.units.find((unit) => unit.name === name)?.enabled;

  assert.deepEqual(
    units.map((unit) => `${unit.name} ${unit.state} ${unit.enabled}`),
    [
      'crond.service active enabled',
      'dbus.socket active static',
      'getty@tty1.service active enabled',
      'kdump.service failed enabled',
      'sshd.service active enabled',
      'systemd-tmpfiles-clean.timer active static',
    ],
  );
  assert.equal(enabledOf('cron.service'), 'enabled');
  assert.equal(enabledOf('quiet.service'), 'disabled');
  assert.equal(enabledOf('rescue-shell.service'), 'static');
  assert.equal(enabledOf('tunnel@.service'), undefined);
});

test('processes are grouped, young ones and kernel threads left out, secrets masked', async () => {
  assert.deepEqual(await collectBody(host('debian-12'), processesFact), {
    processes: [
      {
        name: 'app (worker)',
        commandLine: '/usr/bin/app --db-password *** --port=80',
        user: 'www-data',
        unit: 'nginx.service',
        instancesMin: 4,
      },
      {
        name: 'sshd',
        commandLine: 'sshd: /usr/sbin/sshd -D [listener] # of #-# startups',
        user: 'root',
        unit: 'ssh.service',
        instancesMin: 1,
      },
    ],
    isCut: false,
  });
});

test('sockets name their owners, and pass over clients that wait for an answer', async () => {
  const linesOf = async (name: string, options = {}) => {
    const { sockets, isPartial } = await collectBody(host(name, options), socketsFact);
    return [isPartial, ...sockets.map((s) => `${s.protocol} ${s.address} ${s.port} ${s.process} ${s.unit}`)];
  };

  assert.deepEqual(await linesOf('debian-12'), [
    false,
    'tcp 0.0.0.0 22 sshd ssh.service',
    'tcp :: 22 sshd ssh.service',
    'tcp 127.0.0.53%lo 53 systemd-resolve null',
    'tcp * 80 nginx nginx.service',
    'udp 127.0.0.1 323 chronyd null',
    'udp 0.0.0.0 51820 null null',
  ]);
  assert.deepEqual(await linesOf('centos-7'), [
    false,
    'tcp * 22 sshd null',
    'tcp :: 22 sshd null',
    'udp 127.0.0.1 323 chronyd null',
    'udp ::1 323 chronyd null',
  ]);
  assert.deepEqual(await linesOf('alpine-3.19', { isRoot: false }), [
    true,
    'tcp 127.0.0.1 3306 null null',
    'tcp ::1 8080 null null',
  ]);
});

test('network has bonds, tunnels and several hops, without what expires', async () => {
  const network = await collectBody(host('centos-7'), networkFact);

  assert.deepEqual(
    network.interfaces.map((i) => [i.name, i.mac, i.master, ...i.addresses.map((a) => a.address)]),
    [
      ['bond0', '00:50:56:00:00:01', null, '192.0.2.10'],
      ['ens192', '00:50:56:00:00:01', 'bond0'],
      ['lo', null, null, '127.0.0.1'],
      ['tun0', null, null, '10.8.0.1'],
    ],
  );
  assert.deepEqual(
    network.routes.map((r) => `${r.destination} ${r.gateway} ${r.device} ${r.metric}`),
    [
      '10.8.0.2 null tun0 null',
      '192.0.2.0/24 null bond0 300',
      '198.51.100.0/24 null null null',
      '203.0.113.0/24 192.0.2.2 bond0 null',
      '203.0.113.0/24 192.0.2.3 bond0 null',
      'default 192.0.2.1 bond0 300',
    ],
  );
});

test('storage has sizes and sets, and never asks a network mount', async () => {
  const storage = await collectBody(host('rocky-9'), storageFact);

  assert.deepEqual(
    storage.fileSystems.map((f) => `${f.mountPoint} ${f.type} ${f.sizeBytes}`),
    ['/ xfs 1000', '/boot ext4 1000', '/mnt/my data nfs4 null'],
  );
  assert.deepEqual(storage.fileSystems[2]?.options, ['rw', 'vers=4.2']);
  const container = await collectBody(host('debian-12'), storageFact);
  assert.deepEqual(container.fileSystems[0]?.options, ['relatime', 'rw'], 'layer paths differ by container');
  assert.deepEqual(
    storage.raids.map((r) => [r.name, r.level, r.isDegraded, ...r.members]),
    [
      ['md0', 'raid1', false, 'sda1', 'sdb1'],
      ['md1', 'raid5', true, 'sdc1', 'sdd1', 'sde1'],
    ],
  );
  assert.deepEqual(storage.lvm?.physicalVolumes, [
    { device: '/dev/sda2', group: 'vg', sizeBytes: 107_369_988_096 },
    { device: '/dev/sdb', group: null, sizeBytes: 1_073_741_824 },
  ]);
  assert.deepEqual((await collectBody(host('rocky-9'), storageUsageFact)).fileSystems[0], {
    mountPoint: '/',
    usedPercentMin: 90,
    inodesUsedPercentMin: 0,
  });
});

test('no credential of a repository leaves the host', async () => {
  const apt = await collectBody(host('debian-12'), repositoriesFact);
  const dnf = await collectBody(host('openeuler-24.03'), repositoriesFact);

  assert.ok(!JSON.stringify([apt, dnf]).includes('hunter2'));
  assert.deepEqual(dnf.repositories[0]?.urls, [
    'https://deploy:***@mirror.example/oe2403/',
    'https://second.example/oe2403/',
  ]);
  assert.equal(apt.repositories[0]?.isSignatureChecked, false);
});

test('accounts say how a password stands, never what it is', async () => {
  const accounts = await collectBody(host('debian-12'), accountsFact);
  const passwordOf = (name: string) => accounts.users.find((user) => user.name === name)?.password;

  assert.deepEqual(['root', 'daemon', 'sync', 'www-data'].map(passwordOf), [
    'set',
    'locked',
    'empty',
    'unknown',
  ]);
  assert.ok(!JSON.stringify(accounts).includes('notarealhash'));
  assert.deepEqual(accounts.sudo, {
    files: ['/etc/sudoers', '/etc/sudoers.d/backup'],
    grantees: ['%sudo', 'backup', 'root'],
  });
});

test('schedules hold triggers but not when they elapse next', async () => {
  const { timers, crons } = await collectBody(host('openeuler-22.03'), schedulesFact);

  assert.deepEqual(timers[0]?.triggers, ['OnBootUSec=15min', 'OnUnitActiveUSec=1d']);
  assert.deepEqual(
    crons.map((c) => `${c.schedule} ${c.command}`),
    [
      'anacron 1 nice run-parts /etc/cron.daily',
      'anacron @monthly nice run-parts /etc/cron.monthly',
      '01 * * * * run-parts /etc/cron.hourly',
    ].sort((a, b) => (a.startsWith('anacron') ? 0 : 1) - (b.startsWith('anacron') ? 0 : 1)),
  );
});

test('parameters leave out what ticks, what is secret and what names the host', async () => {
  const { parameters } = await collectBody(host('rocky-9'), parametersFact);

  assert.deepEqual(parameters, {
    'net.ipv4.ip_forward': '0',
    'net.ipv4.tcp_rmem': '4096 131072 6291456',
    'vm.swappiness': '60',
  });
});

test('hardware, security and identity read what the host offers', async () => {
  const rocky = await collectBody(host('rocky-9'), hardwareFact);
  const arm = await collectBody(host('openeuler-24.03'), hardwareFact);
  const identity = await collectBody(host('rocky-9'), identityFact);
  const security = await collectBody(host('rocky-9'), securityFact);

  assert.equal(rocky.memory.modules?.[0]?.sizeBytes, 32 * 2 ** 30);
  assert.equal(rocky.memory.totalBytes % (64 * 2 ** 20), 0);
  assert.equal(rocky.product.name, 'PowerEdge R650');
  assert.equal(arm.arch, 'aarch64');
  assert.equal(arm.cpu.model, 'HiSilicon part 0xd01');
  assert.equal(arm.cpu.threads, 2);
  assert.deepEqual([identity.serials.product, identity.serials.board], [null, 'CN123']);
  assert.deepEqual(security.selinux, { state: 'enforcing', configured: 'enforcing', policy: 'targeted' });
  assert.deepEqual((await collectBody(host('debian-12'), modulesFact)).modules, [
    'ext4',
    'mbcache',
    'wireguard',
  ]);
  assert.deepEqual((await collectBody(host('alpine-3.19'), hardwareFact)).virtualization, {
    kind: 'container',
    technology: 'docker',
  });
});
