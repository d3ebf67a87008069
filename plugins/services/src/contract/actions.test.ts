import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serviceActions } from './actions.ts';

test('no verb of a service reboots, stops or suspends the host', () => {
  const ofTheSystem = [
    'poweroff.target',
    'reboot.target',
    'runlevel6.target',
    'ctrl-alt-del.target',
    'rescue.service',
    'systemd-reboot.service',
    'suspend.target',
  ];
  for (const { name, parameters } of serviceActions) {
    for (const unit of ofTheSystem)
      assert.equal(parameters.safeParse({ unit }).success, false, `${name} ${unit}`);
    for (const unit of ['nginx.service', 'multi-user.target', 'reboot-notice.service'])
      assert.ok(parameters.safeParse({ unit }).success, `${name} ${unit}`);
  }
});
